"""Send events to a topic or a file, at a pace, with progress."""
