"""Turn an event's bytes into clean columns; refuse what cannot be read, with a reason."""
