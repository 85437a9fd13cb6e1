-- Ends a key; one that has ended already keeps its instant. Grain: the key, if it was ended now.
update silver.api_keys
set revoked_at = %(at)s, revoked_by = %(by)s
where prefix = %(prefix)s and revoked_at is null
returning prefix
