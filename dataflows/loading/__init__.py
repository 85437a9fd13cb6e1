"""Loading histories: past applications decided now, straight into gold."""
