"""The front door: applications scored on request, over HTTP."""
