-- Question: what was refused, and when? Grain: one row a period of `grain` by the instant at which
-- an event was first seen (UTC), stage and code.
select
    date_trunc($grain, first_seen_at)::date as period,
    stage,
    code,
    count(*) as events,
    sum(raw_size) as raw_bytes
from quarantine
group by period, stage, code
order by period asc, events desc, stage asc, code asc
