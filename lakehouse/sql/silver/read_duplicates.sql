-- Question: what had been decided before, in this range of a partition? Grain: one row an event; of
-- those that were recovered from quarantine the ones up to a number: with 0, what the flow found.
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
from silver.duplicates
where
    topic = %(topic)s
    and part = %(part)s
    and off >= %(first_off)s
    and off < %(next_off)s
    and not exists (
        select 1
        from silver.recoveries as recovered
        where
            recovered.topic = duplicates.topic
            and recovered.part = duplicates.part
            and recovered.off = duplicates.off
            and recovered.recovery_no > %(last_no)s
    )
order by off
