"""The policy document and the rules that it states: bands, flags, tiers."""
