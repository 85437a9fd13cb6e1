-- Question: what became of these applications' loans, as far as it is known? Grain: one row an
-- application with a final outcome.
select
    application_id,
    defaulted
from outcomes
where application_id in (select unnest($application_ids))
