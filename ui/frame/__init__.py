"""The frame around every page: navigation, filter bar, live data, SQL and CSV of a card."""
