"""Credit risk as values and functions: no clock, no disk, no network, no environment."""
