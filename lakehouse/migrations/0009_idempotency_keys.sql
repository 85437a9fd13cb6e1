-- What the owner of an API key was answered under each idempotency key, for a day: a retry through
-- any worker, before or after a restart, gets the first answer, and another body is refused. There
-- is no answer while the first attempt is under way, and after one that failed but may have reached
-- the topic.
create table silver.idempotency_keys (
    owner text not null check (owner <> ''),
    key text not null check (key <> ''),
    body_sha256 bytea not null check (octet_length(body_sha256) = 32),
    claimed_at timestamptz not null,
    held_until timestamptz not null,
    answer bytea,
    primary key (owner, key)
);

create index idempotency_keys_claimed_at on silver.idempotency_keys (claimed_at);

grant select, insert, update, delete on silver.idempotency_keys to risk_audit;
