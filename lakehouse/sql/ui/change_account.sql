-- Changes an account's password, or ends or reopens it; its sessions are over either way.
update silver.ui_accounts
set
    password_hash = coalesce(%(password_hash)s, password_hash),
    disabled_at = %(disabled_at)s,
    sessions_from = %(at)s
where name = %(name)s
returning name
