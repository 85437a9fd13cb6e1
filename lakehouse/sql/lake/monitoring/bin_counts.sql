-- Question: how do the values of features fall into the reference's bins, by period? Grain: one row
-- a period of `grain`. A feature's map has, for each rising edge, how many values lie above the one
-- before and up to and including it, the last edge being infinity; what is left of `decisions` has
-- no value. Only features that have edges are read.
select
    date_trunc($grain, applied_on)::date as period,
    count(*) as decisions,
    in_bins(amount_usd, $edges['amount_usd']) as amount_usd,
    in_bins(term_months, $edges['term_months']) as term_months,
    in_bins(rate_pct, $edges['rate_pct']) as rate_pct,
    in_bins(installment_usd, $edges['installment_usd']) as installment_usd,
    in_bins(income_usd, $edges['income_usd']) as income_usd,
    in_bins(dti_pct, $edges['dti_pct']) as dti_pct,
    in_bins(utilisation_pct, $edges['utilisation_pct']) as utilisation_pct,
    in_bins(delinquencies_2y, $edges['delinquencies_2y']) as delinquencies_2y,
    in_bins(inquiries_6m, $edges['inquiries_6m']) as inquiries_6m,
    in_bins(open_accounts, $edges['open_accounts']) as open_accounts,
    in_bins(total_accounts, $edges['total_accounts']) as total_accounts,
    in_bins(employment_years, $edges['employment_years']) as employment_years,
    in_bins(credit_age_years, $edges['credit_age_years']) as credit_age_years,
    in_bins(fico, $edges['fico']) as fico,
    in_bins(public_records, $edges['public_records']) as public_records,
    in_bins(if(income_usd > 0, amount_usd / income_usd, null), $edges['amount_to_income'])
        as amount_to_income,
    in_bins(if(total_accounts > 0, open_accounts / total_accounts, null), $edges['open_share'])
        as open_share,
    in_bins(points, $edges['points']) as points,
    in_bins(pd, $edges['pd']) as pd
from chosen($filters)
group by period
order by period
