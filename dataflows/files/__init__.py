"""What a file holds, and how it is read: its container, its columns, its rows."""
