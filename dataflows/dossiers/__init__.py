"""The dossier of a model, written for its validator."""
