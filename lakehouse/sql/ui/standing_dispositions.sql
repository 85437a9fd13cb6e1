-- Question: which disposition of each of these applications stands on a day? Grain: one row an
-- application that has one, its latest, unless that has expired.
select
    latest.application_id,
    latest.disposition
from (
    select distinct on (application_id)
        application_id,
        disposition,
        expires_on
    from silver.dispositions
    where application_id = any(%(application_ids)s)
    order by application_id asc, disposition_id desc
) as latest
where latest.expires_on is null or latest.expires_on >= %(today)s
