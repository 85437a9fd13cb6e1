"""Figures as plain dicts, made from rows: no query, no state, no component."""
