-- Keeps a new key; its prefix must be new.
insert into silver.api_keys (
    prefix,
    digest,
    name,
    scopes,
    rate_per_second,
    burst,
    created_at,
    created_by,
    expires_at
)
values (
    %(prefix)s,
    %(digest)s,
    %(name)s,
    %(scopes)s,
    %(rate_per_second)s,
    %(burst)s,
    %(created_at)s,
    %(created_by)s,
    %(expires_at)s
)
