-- Question: which events are in quarantine, from a position on? Grain: one row an event, by topic,
-- partition and offset, without those that were recovered.
select
    quarantine.topic,
    quarantine.part,
    quarantine.off,
    quarantine.stage,
    quarantine.code,
    quarantine.reason,
    quarantine.raw_size,
    quarantine.raw_sha256,
    quarantine.raw,
    quarantine.first_seen_at
from silver.quarantine as quarantine
where
    (quarantine.topic, quarantine.part, quarantine.off)
    > (%(topic)s::text, %(part)s::bigint, %(off)s::bigint)
    and (cardinality(%(codes)s::text[]) = 0 or quarantine.code = any(%(codes)s::text[]))
    and (cardinality(%(topics)s::text[]) = 0 or quarantine.topic = any(%(topics)s::text[]))
    and not exists (
        select 1
        from silver.recoveries as recovered
        where
            recovered.topic = quarantine.topic
            and recovered.part = quarantine.part
            and recovered.off = quarantine.off
    )
order by quarantine.topic, quarantine.part, quarantine.off
limit %(most)s
