-- Question: which decisions follow this place, oldest first, within a span of time?
-- Grain: one row a decided event.
select
    event_id,
    application_id,
    topic,
    part,
    off,
    event_at,
    applied_on,
    decided_at,
    amount_usd,
    term_months,
    rate_pct,
    installment_usd,
    income_usd,
    dti_pct,
    utilisation_pct,
    delinquencies_2y,
    inquiries_6m,
    open_accounts,
    total_accounts,
    employment_years,
    credit_age_years,
    fico,
    purpose,
    purpose_group,
    home_ownership,
    state,
    region,
    is_joint,
    dti_band,
    util_band,
    rate_band,
    early_warning_flag,
    tier,
    reasons,
    pd,
    points,
    model_version,
    model_sha256,
    policy_version,
    contract_version,
    reference_version,
    issues,
    content_hash,
    model_reasons,
    challengers,
    public_records,
    missing_inputs
from silver.decisions
where
    decided_at >= %(from_at)s
    and decided_at < %(until_at)s
    and (decided_at, event_id) > (%(after_at)s, %(after_id)s)
    and (%(tier)s::text is null or tier = %(tier)s)
order by decided_at asc, event_id asc
limit %(most)s
