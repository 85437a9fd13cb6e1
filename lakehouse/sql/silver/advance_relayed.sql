-- Notes that what was refused below an offset was sent on; never back. Grain: one row a partition.
insert into silver.relayed as known (topic, part, next_off, relayed_at)
select
    reached.topic,
    reached.part,
    reached.next_off,
    %(now)s::timestamptz
from
    unnest(%(topics)s::text[], %(parts)s::bigint[], %(next_offs)s::bigint[])
        as reached (topic, part, next_off)
on conflict (topic, part) do update
    set
        next_off = excluded.next_off,
        relayed_at = excluded.relayed_at
    where known.next_off < excluded.next_off
