-- Puts an entry at the end; one that is waiting already keeps its place.
insert or ignore into entries (entry_id, entry)
values ($entry_id, $entry)
