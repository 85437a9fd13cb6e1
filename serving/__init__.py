"""The HTTP API: decide applications on request, read and explain decisions."""
