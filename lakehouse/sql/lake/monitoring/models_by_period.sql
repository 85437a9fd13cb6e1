-- Question: which models decided in which period, and how often? Grain: one row a period of `grain`
-- and model.
select
    date_trunc($grain, applied_on)::date as period,
    model_version,
    count(*) as decisions
from decisions
group by period, model_version
order by period, model_version
