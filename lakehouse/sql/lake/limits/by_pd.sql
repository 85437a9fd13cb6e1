-- Question: what would each PD cut-off approve, the thresholds as they are? Grain: one row a step
-- of `width` of PD (0 to 1) that holds loans within the early warning's thresholds, lowest first:
-- those above the step before, up to and including `up_to_pd`. Columns as in approvals.sql.
with seen as (
    select
        issued.amount_usd,
        issued.pd,
        known.defaulted,
        date_trunc('month', issued.applied_on) as vintage,
        issued.term_months,
        ceil(issued.pd / $width) * $width as up_to_pd
    from loans($filters) as issued
    left join outcomes_by($as_of) as known on issued.application_id = known.application_id
    where
        issued.applied_on <= $as_of::date
        and is_approved(
            $then,
            issued.pd,
            issued.dti_pct,
            issued.utilisation_pct,
            issued.delinquencies_2y,
            issued.inquiries_6m
        )
),

cells as (
    select
        vintage,
        term_months,
        up_to_pd,
        count(*) as loans,
        count(defaulted) as known,
        count(*) filter (where defaulted) as defaults,
        sum(amount_usd) as amount_usd,
        sum(pd * amount_usd) as expected_usd
    from seen
    group by vintage, term_months, up_to_pd
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
    up_to_pd,
    sum(loans)::bigint as loans,
    coalesce(sum(known) filter (where is_mature), 0)::bigint as judged,
    coalesce(sum(defaults) filter (where is_mature), 0)::bigint as defaults,
    sum(amount_usd) as amount_usd,
    sum(expected_usd) as expected_usd
from matured
group by up_to_pd
order by up_to_pd
