"""The policy document and its rules: bands, flags, tiers."""
