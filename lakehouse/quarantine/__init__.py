"""Refused events: list them, show them, decide them later, and copy the result to gold."""
