-- Question: what was refused, what of it is still in quarantine, and what was recovered?
-- Grain: one row a topic, stage and code, the most first.
select
    quarantine.topic,
    quarantine.stage,
    quarantine.code,
    count(*) filter (where recovered.recovery_no is null) as held,
    count(recovered.recovery_no) as recovered,
    min(quarantine.first_seen_at) as first_seen_at,
    max(quarantine.first_seen_at) as last_seen_at,
    min(quarantine.reason) filter (where recovered.recovery_no is null) as example
from silver.quarantine as quarantine
left join silver.recoveries as recovered
    on
        quarantine.topic = recovered.topic
        and quarantine.part = recovered.part
        and quarantine.off = recovered.off
where
    (cardinality(%(codes)s::text[]) = 0 or quarantine.code = any(%(codes)s::text[]))
    and (cardinality(%(topics)s::text[]) = 0 or quarantine.topic = any(%(topics)s::text[]))
group by quarantine.topic, quarantine.stage, quarantine.code
order by held desc, quarantine.topic asc, quarantine.stage asc, quarantine.code asc
