"""Decide on request, record decisions, and read them again."""
