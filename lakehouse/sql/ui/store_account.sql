-- Keeps a new account of the pages; nothing where the name is taken.
insert into silver.ui_accounts (name, password_hash, role, created_at, created_by, sessions_from)
values (%(name)s, %(password_hash)s, %(role)s, %(at)s, %(by)s, %(at)s)
on conflict (name) do nothing
returning name
