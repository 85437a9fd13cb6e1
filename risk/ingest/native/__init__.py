"""Compiled code that reads flat events straight into columns."""
