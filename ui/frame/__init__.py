"""What stands around every page: the frame, its choices, live data, SQL and CSV of a card."""
