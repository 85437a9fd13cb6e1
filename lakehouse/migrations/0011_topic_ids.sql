-- Which topic a position is of: one that is deleted and recreated under its name has another id
-- (KIP-516). Null where the source has no ids, or had none when the position was begun.
alter table silver.progress
add column topic_id text;

-- What a start skipped is lost to silver, or only to the archive of bytes in gold: events that were
-- decided, and whose bytes the source no longer held when gold was still to take them.
alter table silver.position_losses
add column store text not null default 'silver' check (store in ('silver', 'archive')),
drop constraint position_losses_pkey,
add primary key (pipeline, topic, part, store, from_off, to_off);
