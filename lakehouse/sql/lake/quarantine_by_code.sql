-- Question: what was refused, and since when? Grain: one row a stage and code, most frequent first.
select
    stage,
    code,
    count(*) as events,
    min(first_seen_at) as first_seen_at,
    max(first_seen_at) as last_seen_at
from quarantine
group by stage, code
order by events desc, stage asc, code asc
