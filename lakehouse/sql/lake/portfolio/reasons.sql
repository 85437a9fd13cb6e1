-- Question: why are decisions as they are? Grain: one row a kind of reason and code, the most
-- frequent first. `policy` reasons name the rules that were met, `model` reasons what the model
-- rates badly in an Elevated or Watchlist application; `share` is of all chosen decisions, 0 to 1.
with said as (
    select
        'policy' as kind,
        unnest(string_split(reasons, '|')) as code
    from chosen($filters)
    where reasons <> ''
    union all
    select
        'model' as kind,
        unnest(string_split(model_reasons, '|')) as code
    from chosen($filters)
    where model_reasons <> ''
),

sizes as (
    select count(*) as decisions
    from chosen($filters)
)

select
    said.kind,
    said.code,
    count(*) as decisions,
    count(*) / any_value(sizes.decisions) as share
from said
cross join sizes
group by said.kind, said.code
order by said.kind desc, decisions desc, said.code asc
