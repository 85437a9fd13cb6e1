"""Questions to the lake, answered by DuckDB."""
