-- Question: where does gold differ from silver, as far as was compared? Grain: one row a table and
-- range, those that are equal again left out.
select
    pipeline,
    topic,
    part,
    table_name,
    from_off,
    to_off,
    missing_count,
    surplus_count,
    altered_count,
    offs
from silver.gold_differences
where resolved_at is null
order by pipeline, topic, part, from_off, table_name
