-- Question: how far is every pipeline, and what became of what it read? Grain: one row a pipeline
-- and partition.
select
    pipeline,
    topic,
    part,
    start_off,
    next_off,
    read_count,
    decided_count,
    duplicate_count,
    conflict_count,
    quarantined_count,
    recovered_count
from silver.progress
order by pipeline, topic, part
