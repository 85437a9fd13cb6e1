-- Question: what did cleaning notice, by field and period? Grain: one row a period of `grain`,
-- field and issue; `share` is of the period's decisions, 0 to 1.
with dated as (
    select
        date_trunc($grain, applied_on)::date as period,
        issues
    from chosen($filters)
),

noticed as (
    select
        period,
        unnest(string_split(issues, '|')) as issue
    from dated
    where issues <> ''
),

sizes as (
    select
        period,
        count(*) as decisions
    from dated
    group by period
)

select
    noticed.period,
    split_part(noticed.issue, ':', 1) as field,
    split_part(noticed.issue, ':', 2) as issue,
    count(*) as decisions,
    count(*) / any_value(sizes.decisions) as share
from noticed
inner join sizes on noticed.period = sizes.period
group by all
order by noticed.period, field, issue
