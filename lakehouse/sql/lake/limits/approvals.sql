-- Question: which loans would limits of today and other limits approve, and what became of them?
-- Grain: one row a pair of answers; amounts in USD. `judged` are the loans of vintages (month and
-- term) whose term was over by `as_of` and of which at least `known_share` had ended by then, and
-- whose outcome is known; PDs and losses are of all loans, rates have to be of the judged ones.
with seen as (
    select
        issued.amount_usd,
        issued.pd,
        known.defaulted,
        date_trunc('month', issued.applied_on) as vintage,
        issued.term_months,
        is_approved(
            $today,
            issued.pd,
            issued.dti_pct,
            issued.utilisation_pct,
            issued.delinquencies_2y,
            issued.inquiries_6m
        ) as was_approved,
        is_approved(
            $then,
            issued.pd,
            issued.dti_pct,
            issued.utilisation_pct,
            issued.delinquencies_2y,
            issued.inquiries_6m
        ) as is_approved
    from loans($filters) as issued
    left join outcomes_by($as_of) as known on issued.application_id = known.application_id
    where issued.applied_on <= $as_of::date
),

cells as (
    select
        vintage,
        term_months,
        was_approved,
        is_approved,
        count(*) as loans,
        count(defaulted) as known,
        count(*) filter (where defaulted) as defaults,
        sum(amount_usd) as amount_usd,
        sum(pd * amount_usd) as expected_usd,
        sum(amount_usd) filter (where defaulted) as defaulted_usd
    from seen
    group by vintage, term_months, was_approved, is_approved
),

matured as (
    select
        *,
        vintage + to_months(term_months::integer) <= $as_of::date
        and sum(known) over (partition by vintage, term_months)
        >= $known_share * sum(loans) over (partition by vintage, term_months) as is_mature
    from cells
)

select
    was_approved,
    is_approved,
    sum(loans)::bigint as loans,
    coalesce(sum(known) filter (where is_mature), 0)::bigint as judged,
    coalesce(sum(defaults) filter (where is_mature), 0)::bigint as defaults,
    sum(amount_usd) as amount_usd,
    sum(expected_usd) as expected_usd,
    coalesce(sum(defaulted_usd) filter (where is_mature), 0.0) as defaulted_usd
from matured
group by was_approved, is_approved
order by was_approved, is_approved
