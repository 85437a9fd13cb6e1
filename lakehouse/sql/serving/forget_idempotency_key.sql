-- Ends an attempt that reached nothing: the key is as if it had never been used. Grain: one row.
delete from silver.idempotency_keys
where
    owner = %(owner)s
    and key = %(key)s
    and body_sha256 = %(body_sha256)s
    and answer is null
