"""Silver: the rows in Postgres, each stored once, with its position in the same transaction."""
