"""Decisions on request, their recording, and decisions read again."""
