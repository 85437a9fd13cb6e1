-- Question: how do the values of a feature fall into the reference's bins, by period? Grain: one
-- row a period of `grain`. `counts` has for each rising edge those above the one before and up to
-- and including it, then those above the last; `missing` those without a value. Only the column
-- asked for is read.
with valued as (
    select
        date_trunc($grain, applied_on)::date as period,
        case $feature
            when 'amount_usd' then amount_usd
            when 'term_months' then term_months
            when 'rate_pct' then rate_pct
            when 'installment_usd' then installment_usd
            when 'income_usd' then income_usd
            when 'dti_pct' then dti_pct
            when 'utilisation_pct' then utilisation_pct
            when 'delinquencies_2y' then delinquencies_2y
            when 'inquiries_6m' then inquiries_6m
            when 'open_accounts' then open_accounts
            when 'total_accounts' then total_accounts
            when 'employment_years' then employment_years
            when 'credit_age_years' then credit_age_years
            when 'fico' then fico
            when 'public_records' then public_records
            when 'amount_to_income' then if(income_usd > 0, amount_usd / income_usd, null)
            when 'open_share' then if(total_accounts > 0, open_accounts / total_accounts, null)
            when 'points' then points
            when 'pd' then pd
        end as value
    from chosen($filters)
)

select
    period,
    count(*) as decisions,
    count(*) - count(value) as missing,
    map_values(histogram(value, $edges::double[])) as counts,
    map_keys(histogram(value, $edges::double[])) as upto
from valued
group by period
order by period
