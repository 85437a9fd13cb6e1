-- Notes that gold has followed these erasures.
update silver.erasures
set completed_at = %(completed_at)s
where erasure_id = any(%(erasure_ids)s)
