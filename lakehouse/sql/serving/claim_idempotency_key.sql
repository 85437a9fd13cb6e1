-- Takes a key for one attempt: a new one, one whose day is over, or one of the same body whose last
-- attempt is over without an answer. Grain: one row if the attempt is ours, none if not.
-- Units: held_seconds and kept_seconds in seconds.
insert into silver.idempotency_keys as known (
    owner, key, body_sha256, claimed_at, held_until
)
values (
    %(owner)s,
    %(key)s,
    %(body_sha256)s,
    now(),
    now() + make_interval(secs => %(held_seconds)s)
)
on conflict (owner, key) do update
    set
        body_sha256 = excluded.body_sha256,
        claimed_at = excluded.claimed_at,
        held_until = excluded.held_until,
        answer = null
    where
    known.claimed_at < now() - make_interval(secs => %(kept_seconds)s)
    or (
        known.answer is null
        and known.body_sha256 = excluded.body_sha256
        and known.held_until <= now()
    )
returning true as is_ours
