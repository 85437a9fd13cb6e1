-- Question: where are the events of these decisions? Grain: one row a decision that there is.
select
    event_id,
    topic,
    part,
    off
from decisions
where event_id in (select unnest($event_ids))
