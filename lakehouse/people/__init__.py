"""People who use the pages: their accounts, and their dispositions of applications."""
