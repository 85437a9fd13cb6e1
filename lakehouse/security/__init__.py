"""API keys and the audit chain, as Postgres keeps them."""
