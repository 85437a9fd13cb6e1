-- Question: what was refused, what of it is still held, and what was decided after all?
-- Grain: one row a stage and code, most frequent first; `events` are held, `recovered` are not.
select
    refused.stage,
    refused.code,
    count(*) filter (where recovered.recovery_no is null) as events,
    count(recovered.recovery_no) as recovered,
    min(refused.first_seen_at) as first_seen_at,
    max(refused.first_seen_at) as last_seen_at,
    max(recovered.recovered_at) as last_recovered_at
from ever_quarantined as refused
left join recoveries as recovered
    on
        refused.topic = recovered.topic
        and refused.part = recovered.part
        and refused.off = recovered.off
group by refused.stage, refused.code
order by count(*) desc, refused.stage asc, refused.code asc
