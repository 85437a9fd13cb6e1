-- Question: which accounts of the pages are there? Grain: one row an account, by name.
select
    name,
    password_hash,
    role,
    created_at,
    created_by,
    disabled_at,
    sessions_from
from silver.ui_accounts
order by name
