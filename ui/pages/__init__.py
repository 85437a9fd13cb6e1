"""One module for each page: its cards, each a question, a pure figure and a place."""
