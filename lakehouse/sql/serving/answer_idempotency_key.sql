-- Keeps the answer of an attempt. Grain: one row.
update silver.idempotency_keys
set answer = %(answer)s
where owner = %(owner)s and key = %(key)s and body_sha256 = %(body_sha256)s
