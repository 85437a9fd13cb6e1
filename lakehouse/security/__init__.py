"""API keys and the audit chain in Postgres."""
