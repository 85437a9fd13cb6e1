-- Drops an entry that is in the log.
delete from entries
where entry_id = $entry_id
