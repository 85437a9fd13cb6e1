"""The pages: figures, words and colours for the lakehouse's answers."""
