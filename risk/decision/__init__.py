"""The one scoring function: clean columns, models and policy to decisions."""
