"""Ask questions of the lake, through DuckDB."""
