"""Copies of silver with gold's versions beside, and the way back."""
