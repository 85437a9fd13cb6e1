-- Question: whose body is this key for, and what was answered? Grain: one row, or none.
select
    body_sha256,
    answer
from silver.idempotency_keys
where owner = %(owner)s and key = %(key)s
