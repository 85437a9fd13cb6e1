-- Question: which pipeline reads which partition? Grain: one row a pipeline and partition.
select
    topic,
    part,
    pipeline
from silver.progress
order by topic, part, pipeline
