"""Which models and policy decide now, and which decided then."""
