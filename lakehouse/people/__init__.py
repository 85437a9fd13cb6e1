"""People and the pages: who may look, and what they decided about applications."""
