-- Question: up to where was gold compared with silver? Grain: one row a pipeline and partition.
select
    pipeline,
    topic,
    part,
    next_off,
    accounted_count
from silver.reconciled
