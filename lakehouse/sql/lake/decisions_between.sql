-- Question: what was decided of a partition's offsets `first_off` to `last_off`? Grain: one row a
-- decision, in the order of the offsets; the columns of `lakehouse.arrow_schemas.DECISIONS`.
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
    challengers
from decisions
where
    topic = $topic
    and part = $part
    and off between $first_off and $last_off
order by off
