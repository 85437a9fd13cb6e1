-- Silver: what was decided, what was not, and how far each pipeline has read, kept in one
-- transaction a batch. Columns of decisions: risk.contract.DECISION_COLUMNS, same names and order.
-- A check names both bounds of every float, because `x >= 0` alone lets NaN and Infinity in. The
-- contract refuses sooner and more narrowly; these bounds are the last line, not the rule.

create table silver.decisions (
    event_id text primary key,
    application_id text not null,
    topic text not null,
    part bigint not null,
    off bigint not null,
    event_at timestamptz not null,
    applied_on date not null,
    decided_at timestamptz not null,
    amount_usd double precision not null check (amount_usd between 0 and 1e9),
    term_months double precision check (term_months between 0 and 1e4),
    rate_pct double precision check (rate_pct between 0 and 1e3),
    installment_usd double precision check (installment_usd between 0 and 1e9),
    income_usd double precision check (income_usd between 0 and 1e9),
    dti_pct double precision check (dti_pct between 0 and 1e3),
    utilisation_pct double precision check (utilisation_pct between 0 and 1e3),
    delinquencies_2y double precision check (delinquencies_2y between 0 and 1e4),
    inquiries_6m double precision check (inquiries_6m between 0 and 1e4),
    open_accounts double precision check (open_accounts between 0 and 1e4),
    total_accounts double precision check (total_accounts between 0 and 1e4),
    employment_years double precision check (employment_years between 0 and 1e2),
    credit_age_years double precision check (credit_age_years between 0 and 1e3),
    fico double precision check (fico between 0 and 1e3),
    purpose text,
    purpose_group text,
    home_ownership text,
    state text,
    region text,
    is_joint boolean not null,
    dti_band text,
    util_band text,
    rate_band text,
    early_warning_flag boolean not null,
    tier text not null check (tier in ('Low', 'Elevated', 'Watchlist')),
    reasons text not null,
    pd double precision not null check (pd between 0 and 1),
    points double precision not null check (points between -1e6 and 1e6),
    model_version text not null,
    model_sha256 text not null,
    policy_version text not null,
    contract_version text not null,
    reference_version text not null,
    issues text not null,
    content_hash bigint not null,
    constraint decisions_position_key unique (topic, part, off)
);

-- The latest decisions and the counts of the last minutes: rows arrive in this order, so a block
-- range index finds them and costs next to nothing to keep.
create index decisions_decided_at on silver.decisions using brin (decided_at)
with (pages_per_range = 32, autosummarize = on);

create table silver.quarantine (
    topic text not null,
    part bigint not null,
    off bigint not null,
    stage text not null,
    code text not null,
    reason text not null,
    raw_size bigint not null,
    raw_sha256 text,
    raw bytea,
    first_seen_at timestamptz not null,
    primary key (topic, part, off)
);

create table silver.duplicates (
    topic text not null,
    part bigint not null,
    off bigint not null,
    event_id text not null,
    is_conflict boolean not null,
    first_topic text not null,
    first_part bigint not null,
    first_off bigint not null,
    seen_at timestamptz not null,
    primary key (topic, part, off)
);

-- How far each pipeline has stored each partition, and the account of what it read there:
-- read_count = decided_count + duplicate_count + quarantined_count, conflicts being duplicates too.
create table silver.progress (
    pipeline text not null,
    topic text not null,
    part bigint not null,
    start_off bigint not null,
    next_off bigint not null,
    read_count bigint not null default 0,
    decided_count bigint not null default 0,
    duplicate_count bigint not null default 0,
    conflict_count bigint not null default 0,
    quarantined_count bigint not null default 0,
    stored_at timestamptz not null default now(),
    primary key (pipeline, topic, part),
    check (next_off >= start_off),
    check (read_count = decided_count + duplicate_count + quarantined_count),
    check (conflict_count <= duplicate_count)
)
-- Updated with every batch: room on each page keeps the update on it.
with (fillfactor = 50);

-- Who may write: a start raises the token, and whoever holds an older one is fenced.
create table silver.owner (
    pipeline text primary key,
    token bigint not null,
    claimed_at timestamptz not null default now()
);

-- Offsets that a start skipped because the source no longer held them, and who allowed it.
create table silver.position_losses (
    pipeline text not null,
    topic text not null,
    part bigint not null,
    from_off bigint not null,
    to_off bigint not null,
    reason text not null check (reason <> ''),
    allowed_at timestamptz not null default now(),
    primary key (pipeline, topic, part, from_off, to_off),
    check (to_off > from_off)
);
