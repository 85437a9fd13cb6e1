"""Access to the pages: who may see them, and the headers of every answer."""
