-- Question: what do some of the chosen decisions look like, and what became of them? Grain: one row
-- a decision, one in `every`, the same ones each time, at most `limit`; `defaulted` is null where
-- the outcome was not known by `as_of`.
select
    chosen_rows.amount_usd,
    chosen_rows.term_months,
    chosen_rows.rate_pct,
    chosen_rows.income_usd,
    chosen_rows.dti_pct,
    chosen_rows.utilisation_pct,
    chosen_rows.delinquencies_2y,
    chosen_rows.inquiries_6m,
    chosen_rows.public_records,
    chosen_rows.employment_years,
    chosen_rows.credit_age_years,
    chosen_rows.fico,
    chosen_rows.purpose,
    chosen_rows.home_ownership,
    chosen_rows.points,
    chosen_rows.pd,
    known.defaulted
from chosen($filters) as chosen_rows
left join outcomes_by($as_of) as known on chosen_rows.application_id = known.application_id
where hash(chosen_rows.event_id) % $every = 0
order by chosen_rows.event_id
limit $limit -- noqa: PRS
