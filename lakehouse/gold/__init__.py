"""Gold: the Delta tables; each commit holds rows together with their offsets."""
