"""The pages: axes, words and colours over the lakehouse's answers."""
