"""Credit risk as values and pure functions: no clock, disk, network or environment."""
