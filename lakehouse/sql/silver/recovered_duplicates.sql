-- Question: what was recovered, with these numbers, as a duplicate? Grain: one row an event, by
-- number.
select
    duplicates.topic,
    duplicates.part,
    duplicates.off,
    duplicates.event_id,
    duplicates.is_conflict,
    duplicates.first_topic,
    duplicates.first_part,
    duplicates.first_off,
    duplicates.seen_at
from silver.recoveries as recovered
inner join silver.duplicates as duplicates
    on
        recovered.topic = duplicates.topic
        and recovered.part = duplicates.part
        and recovered.off = duplicates.off
where
    recovered.recovery_no > %(after)s
    and recovered.recovery_no <= %(last)s
order by recovered.recovery_no
