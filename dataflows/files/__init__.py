"""Read files: their container, their columns, their rows."""
