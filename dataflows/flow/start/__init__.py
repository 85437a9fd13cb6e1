"""Before the first event: what must answer, and where each partition starts."""
