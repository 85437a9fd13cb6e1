-- Ends an attempt without an answer that may have reached the topic: the same body may be tried
-- again at once, another body may not. Grain: one row.
update silver.idempotency_keys
set held_until = now()
where
    owner = %(owner)s
    and key = %(key)s
    and body_sha256 = %(body_sha256)s
    and answer is null
