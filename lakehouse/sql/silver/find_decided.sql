-- Question: which of these events are decided already? Grain: one row an event that is.
select
    event_id,
    topic,
    part,
    off,
    content_hash
from silver.decisions
where event_id = any(%(event_ids)s::text[])
