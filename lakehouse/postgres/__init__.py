"""Connections, statements, migrations and roles of Postgres."""
