-- Question: how far is the pipeline, and what became of what it read? Grain: one row a partition.
select
    topic,
    part,
    start_off,
    next_off,
    read_count,
    decided_count,
    duplicate_count,
    conflict_count,
    quarantined_count,
    topic_id
from silver.progress
where pipeline = %(pipeline)s
order by topic, part
