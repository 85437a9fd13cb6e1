-- Question: who would be approved by other limits, and what became of them? Grain: one row a pair
-- approved today and approved then. Approved is a PD of at most `pd_most` that is not on the
-- watchlist; the watchlist is one of DTI and utilisation from their limit on, and one of any
-- delinquency in two years and inquiries from their limit on. Amounts in USD; `expected_usd` is PD
-- times amount. Loans that have an outcome by `as_of` are `known`.
with judged as (
    select
        issued.application_id,
        issued.pd,
        issued.amount_usd,
        issued.pd <= $pd_today and not (
            (
                coalesce(issued.dti_pct >= $dti_today, false)
                or coalesce(issued.utilisation_pct >= $utilisation_today, false)
            )
            and (
                coalesce(issued.delinquencies_2y > $delinquencies_today, false)
                or coalesce(issued.inquiries_6m >= $inquiries_today, false)
            )
        ) as is_approved_today,
        issued.pd <= $pd_then and not (
            (
                coalesce(issued.dti_pct >= $dti_then, false)
                or coalesce(issued.utilisation_pct >= $utilisation_then, false)
            )
            and (
                coalesce(issued.delinquencies_2y > $delinquencies_today, false)
                or coalesce(issued.inquiries_6m >= $inquiries_then, false)
            )
        ) as is_approved_then
    from loans($filters) as issued
)

select
    judged.is_approved_today,
    judged.is_approved_then,
    count(*) as loans,
    count(known.application_id) as known,
    count(*) filter (where known.defaulted) as defaults,
    sum(judged.amount_usd) as amount_usd,
    sum(judged.pd * judged.amount_usd) as expected_usd
from judged
left join outcomes_by($as_of) as known on judged.application_id = known.application_id
group by judged.is_approved_today, judged.is_approved_then
order by judged.is_approved_today desc, judged.is_approved_then desc
