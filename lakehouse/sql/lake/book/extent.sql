-- Question: how many decisions are there, and of which days? Grain: one row.
select
    count(*) as decisions,
    min(applied_on) as first_on,
    max(applied_on) as last_on
from decisions
