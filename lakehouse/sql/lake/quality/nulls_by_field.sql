-- Question: how often is each field missing, by period? Grain: one row a period of `grain` and
-- field that may be missing; `share` is of the period's decisions, 0 to 1.
with given as (
    select
        date_trunc($grain, applied_on)::date as period,
        count(*) as decisions,
        count(term_months) as term_months,
        count(rate_pct) as rate_pct,
        count(installment_usd) as installment_usd,
        count(income_usd) as income_usd,
        count(dti_pct) as dti_pct,
        count(utilisation_pct) as utilisation_pct,
        count(delinquencies_2y) as delinquencies_2y,
        count(inquiries_6m) as inquiries_6m,
        count(open_accounts) as open_accounts,
        count(total_accounts) as total_accounts,
        count(employment_years) as employment_years,
        count(credit_age_years) as credit_age_years,
        count(fico) as fico,
        count(purpose) as purpose,
        count(purpose_group) as purpose_group,
        count(home_ownership) as home_ownership,
        count(state) as state,
        count(region) as region,
        count(dti_band) as dti_band,
        count(util_band) as util_band,
        count(rate_band) as rate_band,
        count(public_records) as public_records
    from chosen($filters)
    group by period
)

select
    period,
    field,
    decisions,
    decisions - filled as missing,
    (decisions - filled) / decisions as share
from (
    unpivot given
    on columns(* exclude (period, decisions))
    into name field value filled
)
order by period, field
