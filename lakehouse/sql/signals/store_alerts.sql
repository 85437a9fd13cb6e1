-- Takes over what Alertmanager sent, handed over as one JSON array. Grain: one row an alert and
-- start; sent again it is the same row, and its end is filled in when it resolves.
insert into silver.alerts (
    fingerprint, began_at, ended_at, name, severity, labels, annotations, received_at
)
select
    fingerprint,
    began_at,
    ended_at,
    name,
    severity,
    labels,
    annotations,
    received_at
from
    json_to_recordset(%(alerts)s::json)
        as (
            fingerprint text,
            began_at timestamptz,
            ended_at timestamptz,
            name text,
            severity text,
            labels jsonb,
            annotations jsonb,
            received_at timestamptz
        )
on conflict (fingerprint, began_at) do update
    set
        ended_at = excluded.ended_at,
        annotations = excluded.annotations,
        received_at = excluded.received_at
