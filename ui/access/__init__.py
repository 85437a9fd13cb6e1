"""Who may see the pages, and what every answer carries."""
