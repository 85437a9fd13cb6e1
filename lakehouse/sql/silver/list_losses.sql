-- Question: which offsets did starts skip, and who allowed it? Grain: one row a range and store.
select
    pipeline,
    topic,
    part,
    store,
    from_off,
    to_off,
    reason,
    allowed_at
from silver.position_losses
order by pipeline, topic, part, store, from_off, to_off
