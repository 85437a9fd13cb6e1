-- Question: what was decided in this range of a partition? Grain: one row a decided event; of those
-- that were recovered from quarantine the ones up to a number: with 0, what the flow decided
-- itself.
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
    topic = %(topic)s
    and part = %(part)s
    and off >= %(first_off)s
    and off < %(next_off)s
    and not exists (
        select 1
        from silver.recoveries as recovered
        where
            recovered.topic = decisions.topic
            and recovered.part = decisions.part
            and recovered.off = decisions.off
            and recovered.recovery_no > %(last_no)s
    )
order by off
