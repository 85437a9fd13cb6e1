-- Question: what was recovered, with these numbers, as decided? Grain: one row an event, by number.
select
    decisions.event_id,
    decisions.application_id,
    decisions.topic,
    decisions.part,
    decisions.off,
    decisions.event_at,
    decisions.applied_on,
    decisions.decided_at,
    decisions.amount_usd,
    decisions.term_months,
    decisions.rate_pct,
    decisions.installment_usd,
    decisions.income_usd,
    decisions.dti_pct,
    decisions.utilisation_pct,
    decisions.delinquencies_2y,
    decisions.inquiries_6m,
    decisions.open_accounts,
    decisions.total_accounts,
    decisions.employment_years,
    decisions.credit_age_years,
    decisions.fico,
    decisions.purpose,
    decisions.purpose_group,
    decisions.home_ownership,
    decisions.state,
    decisions.region,
    decisions.is_joint,
    decisions.dti_band,
    decisions.util_band,
    decisions.rate_band,
    decisions.early_warning_flag,
    decisions.tier,
    decisions.reasons,
    decisions.pd,
    decisions.points,
    decisions.model_version,
    decisions.model_sha256,
    decisions.policy_version,
    decisions.contract_version,
    decisions.reference_version,
    decisions.issues,
    decisions.content_hash,
    decisions.model_reasons,
    decisions.challengers,
    decisions.public_records,
    decisions.missing_inputs
from silver.recoveries as recovered
inner join silver.decisions as decisions
    on
        recovered.topic = decisions.topic
        and recovered.part = decisions.part
        and recovered.off = decisions.off
where
    recovered.recovery_no > %(after)s
    and recovered.recovery_no <= %(last)s
order by recovered.recovery_no
