"""Figures as plain dicts, made of rows: no query, no state, no component."""
