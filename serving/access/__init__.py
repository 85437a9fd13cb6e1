"""Access to the API: who may ask, for what, and how often."""
