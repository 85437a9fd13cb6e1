"""The registry of models and policies: documents with checksums, and a log of changes."""
