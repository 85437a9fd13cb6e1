-- Question: why are decisions as they are? Grain: one row a kind of reason and code, the most
-- frequent first. `policy` reasons name the rules that were met, `model` reasons what the model
-- rates badly in an Elevated or Watchlist application; `share` is of all chosen decisions, 0 to 1.
-- Few texts of reasons are different: they are counted whole before they are taken apart.
with told as (
    select
        reasons,
        model_reasons,
        count(*) as decisions
    from chosen($filters)
    group by reasons, model_reasons
),

said as (
    select
        'policy' as kind,
        unnest(string_split(reasons, '|')) as code,
        decisions
    from told
    where reasons <> ''
    union all
    select
        'model' as kind,
        unnest(string_split(model_reasons, '|')) as code,
        decisions
    from told
    where model_reasons <> ''
)

select
    kind,
    code,
    sum(decisions)::bigint as decisions,
    sum(decisions) / (select sum(told.decisions) from told) as share
from said
group by kind, code
order by kind desc, decisions desc, code asc
