-- Question: how often did people decide what, and how often against the tier? Grain: one row;
-- standing dispositions only, `overridden` being approvals of applications on the watchlist.
select
    count(*) filter (where latest.disposition = 'approve') as approved,
    count(*) filter (where latest.disposition = 'decline') as declined,
    count(*) filter (where latest.disposition = 'refer') as referred,
    count(*) filter (where latest.disposition = 'approve' and latest.tier = 'Watchlist')
        as overridden
from (
    select distinct on (application_id)
        disposition,
        tier,
        expires_on
    from silver.dispositions
    order by application_id asc, disposition_id desc
) as latest
where latest.expires_on is null or latest.expires_on >= %(today)s
