"""A Postgres server of the product's own, for use without configuration."""
