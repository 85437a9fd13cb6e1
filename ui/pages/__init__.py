"""One module a page: its cards, each a question, a pure figure and a place."""
