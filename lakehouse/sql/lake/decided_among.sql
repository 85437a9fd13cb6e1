-- Question: how many of these applications were ever decided? Grain: one row in all.
select count(distinct application_id) as decided
from decisions
where application_id in (select unnest($application_ids))
