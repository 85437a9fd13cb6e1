-- Question: what are the chosen decisions made from? Grain: one row a partition and the versions
-- that decided; offsets are the first and the last, both included, instants UTC.
select
    topic,
    part,
    model_version,
    model_sha256,
    policy_version,
    contract_version,
    reference_version,
    count(*) as decisions,
    min(off) as first_off,
    max(off) as last_off,
    min(decided_at) as first_decided_at,
    max(decided_at) as last_decided_at,
    min(applied_on) as first_applied_on,
    max(applied_on) as last_applied_on
from chosen($filters)
group by all
order by topic, part, first_off
