"""From an event's bytes to clean columns; what cannot be read is set aside with a reason."""
