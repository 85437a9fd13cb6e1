-- Question: how much of each vintage is known on a day? Grain: one row a month of origination and
-- term. `known` have an outcome by `as_of`, `has_run_out` says whether the term was over then;
-- `expected_defaults` is the sum of the PDs of all loans, `expected_of_known` of the known ones.
select
    issued.term_months::integer as term_months,
    date_trunc('month', issued.applied_on)::date as vintage,
    count(*) as loans,
    count(known.application_id) as known,
    count(*) filter (where known.defaulted) as defaults,
    sum(issued.pd) as expected_defaults,
    sum(issued.pd) filter (where known.application_id is not null) as expected_of_known,
    sum(issued.amount_usd) as amount_usd,
    sum(issued.amount_usd) filter (where known.defaulted) as defaulted_usd,
    sum(known.recovered_usd) filter (where known.defaulted) as recovered_usd,
    datediff('month', any_value(date_trunc('month', issued.applied_on)), $as_of::date)
        as months_on_book,
    date_trunc('month', any_value(issued.applied_on))
    + to_months(any_value(issued.term_months)::integer) <= $as_of::date as has_run_out
from loans($filters) as issued
left join outcomes_by($as_of) as known on issued.application_id = known.application_id
where issued.applied_on <= $as_of::date
group by date_trunc('month', issued.applied_on), issued.term_months
order by vintage, issued.term_months
