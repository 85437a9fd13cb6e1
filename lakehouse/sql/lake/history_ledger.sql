-- Question: what does gold hold of each history, up to the offset that all of its tables have
-- reached? Grain: one row a topic. `off_sum` is that of the archive's events, `ended_off_sum` that
-- of what became of them.
with reached as (
    select
        unnest($topics) as topic,
        unnest($lasts) as last_off
)

select
    held.topic,
    count(*) filter (where held.table_name = 'raw_events') as events,
    count(*) filter (where held.table_name = 'decisions') as decided,
    count(*) filter (where held.table_name = 'duplicates') as duplicates,
    count(*) filter (where held.table_name = 'quarantine') as quarantined,
    (coalesce(sum(held.off) filter (where held.table_name = 'raw_events'), 0))::varchar as off_sum,
    (coalesce(sum(held.off) filter (where held.table_name <> 'raw_events'), 0))::varchar
        as ended_off_sum
from held() as held
inner join reached on held.topic = reached.topic
where held.off <= reached.last_off
group by held.topic
order by held.topic
