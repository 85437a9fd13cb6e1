"""A Postgres server of our own, for use without configuration."""
