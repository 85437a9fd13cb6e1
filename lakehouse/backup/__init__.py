"""Back up silver together with the versions of gold's tables, and restore it."""
