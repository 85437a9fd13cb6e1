"""The tests: a folder for each package, and project, servers, golden, faults and bench."""
