-- Question: how good are the loans up to each PD? Grain: one row a hundredth of the loans by PD,
-- lowest first; `highest_pd` is 0 to 1.
with ranked as (
    select
        issued.application_id,
        issued.pd,
        ntile(100) over (order by issued.pd, issued.application_id) as hundredth
    from loans($filters) as issued
)

select
    ranked.hundredth,
    max(ranked.pd) as highest_pd,
    count(*) as loans,
    count(known.application_id) as known,
    count(*) filter (where known.defaulted) as defaults
from ranked
left join outcomes_by($as_of) as known on ranked.application_id = known.application_id
group by ranked.hundredth
order by ranked.hundredth
