-- Question: what was decided of an application? Grain: one row a decision, the latest first.
select * -- noqa: AM04
from decisions
where application_id = $application_id
order by decided_at desc, topic asc, part asc, off asc
