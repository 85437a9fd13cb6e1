-- Question: which reports has the monitoring job rendered, and where are they? Grain: one row a
-- period, grain, model and kind: the one recorded last; paths are relative to the lake.
select
    period,
    grain,
    model_version,
    kind,
    path,
    size_bytes,
    sha256,
    rows_seen,
    recorded_at
from monitoring_reports
qualify
    row_number() over (
        partition by period, grain, model_version, kind
        order by recorded_at desc
    ) = 1
order by period desc, model_version asc, kind asc
