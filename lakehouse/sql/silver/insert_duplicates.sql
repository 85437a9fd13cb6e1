-- Takes events in that were decided before, a column each; one that is there already stays.
insert into silver.duplicates (
    topic, part, off, event_id, is_conflict, first_topic, first_part, first_off, seen_at
)
select
    topic,
    part,
    off,
    event_id,
    is_conflict,
    first_topic,
    first_part,
    first_off,
    seen_at
from
    unnest(
        %(topic)s::text[],
        %(part)s::bigint[],
        %(off)s::bigint[],
        %(event_id)s::text[],
        %(is_conflict)s::boolean[],
        %(first_topic)s::text[],
        %(first_part)s::bigint[],
        %(first_off)s::bigint[],
        %(seen_at)s::timestamptz[]
    )
        as repeated (
            topic, part, off, event_id, is_conflict, first_topic, first_part, first_off, seen_at
        )
on conflict (topic, part, off) do nothing
