"""Gold: the Delta tables, committed together with the offsets they hold."""
