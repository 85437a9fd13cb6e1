-- Question: between which offsets are there decisions? Grain: one row a partition.
select
    topic,
    part,
    min(off) as first_off,
    max(off) as last_off
from decisions
group by topic, part
order by topic, part
