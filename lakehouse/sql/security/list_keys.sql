-- Question: which keys were ever made? Grain: one row a key, oldest first.
select
    prefix,
    digest,
    name,
    scopes,
    rate_per_second,
    burst,
    created_at,
    created_by,
    expires_at,
    revoked_at,
    revoked_by
from silver.api_keys
order by created_at, prefix
