-- Question: which figures of the monitoring job stand? Grain: one row a table, period, model,
-- subject and figure: the one recorded last, of periods of `grain`.
with recorded as (
    select
        'drift' as table_name,
        *
    from drift
    union all
    select
        'performance' as table_name,
        *
    from performance
    union all
    select
        'data_quality' as table_name,
        *
    from data_quality
)

select
    table_name,
    period,
    grain,
    model_version,
    subject,
    figure,
    value,
    low,
    high,
    rows_seen,
    is_alarm,
    note,
    recorded_at
from recorded
where grain = $grain
qualify
    row_number() over (
        partition by table_name, period, grain, model_version, subject, figure
        order by recorded_at desc
    ) = 1
order by table_name, period, model_version, subject, figure
