-- Question: which PDs were given, and what became of the loans by a day? Grain: one row a vintage
-- (a period of `grain`), term and PD (0 to 1). Loans of one PD need no telling apart: every figure
-- of performance is made from these counts.
select
    date_trunc($grain, issued.applied_on)::date as vintage,
    issued.term_months::integer as term_months,
    issued.pd,
    count(*) as loans,
    count(known.application_id) as known,
    count(*) filter (where known.defaulted) as defaults
from loans($filters) as issued
left join outcomes_by($as_of) as known on issued.application_id = known.application_id
where issued.applied_on <= $as_of::date
group by vintage, issued.term_months, issued.pd
order by vintage, issued.term_months, issued.pd
