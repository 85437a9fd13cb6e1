"""Simulated loan applications and their outcomes."""
