-- Question: which alerts fire, and which fired since? Grain: one row an alert and start, those that
-- fire first, then the newest. Instants are UTC.
select
    fingerprint,
    began_at,
    ended_at,
    name,
    severity,
    labels::text as labels,
    annotations::text as annotations,
    received_at
from silver.alerts
where ended_at is null or ended_at >= %(since)s
order by ended_at is null desc, began_at desc, fingerprint asc
