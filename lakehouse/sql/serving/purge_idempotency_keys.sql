-- Removes keys whose day is over, some thousands at a time. Grain: one row a key. Units: seconds.
delete from silver.idempotency_keys
where (owner, key) in (
    select
        owner,
        key
    from silver.idempotency_keys
    where claimed_at < now() - make_interval(secs => %(kept_seconds)s)
    order by claimed_at
    limit 5000
)
