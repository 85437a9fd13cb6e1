-- Question: which refused events of a topic, and of those recreated in its place, are still to be
-- sent on? Grain: one row an event, by partition and offset, without those that were recovered.
with partitions as (
    select distinct
        progress.topic,
        progress.part
    from silver.progress as progress
    where
        progress.topic = %(topic)s::text
        or starts_with(progress.topic, %(topic)s::text || '@')
)

select
    held.topic,
    held.part,
    held.off,
    held.stage,
    held.code,
    held.reason,
    held.raw_size,
    held.raw_sha256,
    held.raw,
    held.first_seen_at
from partitions
left join silver.relayed as relayed
    on
        partitions.topic = relayed.topic
        and partitions.part = relayed.part
cross join
    lateral (
        select quarantine.*
        from silver.quarantine as quarantine
        where
            quarantine.topic = partitions.topic
            and quarantine.part = partitions.part
            and quarantine.off >= coalesce(relayed.next_off, 0)
            and quarantine.code <> all(%(left_out)s::text[])
            and not exists (
                select 1
                from silver.recoveries as recovered
                where
                    recovered.topic = quarantine.topic
                    and recovered.part = quarantine.part
                    and recovered.off = quarantine.off
            )
        order by quarantine.off
        limit %(most)s
    ) as held
order by held.topic, held.part, held.off
limit %(most)s
