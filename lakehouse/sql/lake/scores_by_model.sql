-- Question: what do champion and challengers make of the applications? Grain: one row a model and
-- its part, champions first; PDs are 0 to 1. A challenger's failure is no PD and not counted.
with told as (
    select
        'champion' as part,
        model_version as model,
        pd
    from decisions
    union all
    select
        'challenger' as part,
        said.key as model,
        cast(said.value as double) as pd
    from decisions, json_each(decisions.challengers) as said
    where json_type(said.value) <> 'NULL'
)

select
    part,
    model,
    count(*) as applications,
    avg(pd) as mean_pd,
    quantile_cont(pd, 0.9) as pd_90th_percentile
from told
group by part, model
order by part = 'challenger', model
