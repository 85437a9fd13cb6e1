"""Silver: the rows in Postgres, each stored once, with the position in the same transaction."""
