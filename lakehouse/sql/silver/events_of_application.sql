-- Question: which stored events are of one application? Grain: one row an event, decided or
-- duplicate; the id is the application's or an event's own.
with decided as (
    select
        topic,
        part,
        off,
        event_id
    from silver.decisions
    where application_id = %(application_id)s or event_id = %(application_id)s
)

select
    topic,
    part,
    off,
    event_id
from decided
union all
select
    topic,
    part,
    off,
    event_id
from silver.duplicates
where
    event_id = %(application_id)s
    or event_id in (select decided.event_id from decided)
