-- Question: what did people decide about an application? Grain: one row a disposition, newest
-- first.
select
    application_id,
    event_id,
    tier,
    disposition,
    reason,
    note,
    expires_on,
    decided_by,
    decided_at
from silver.dispositions
where application_id = %(application_id)s
order by disposition_id desc
