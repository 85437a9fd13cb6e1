-- What the pages add: what people decided about applications, who may look, and indexes for what
-- the pages ask of a million rows.

-- One row a decision of a person; the latest of an application stands. Never changed: a new row
-- takes its place.
create table silver.dispositions (
    disposition_id bigint generated always as identity primary key,
    application_id text not null,
    event_id text not null,
    tier text not null check (tier in ('Low', 'Elevated', 'Watchlist')),
    disposition text not null check (disposition in ('approve', 'decline', 'refer')),
    reason text not null check (char_length(reason) between 3 and 200),
    note text not null check (char_length(note) <= 2000),
    expires_on date,
    decided_by text not null check (decided_by <> ''),
    decided_at timestamptz not null
);

create index dispositions_of_application on silver.dispositions (application_id, disposition_id);

create trigger dispositions_are_insert_only
before update or delete or truncate on silver.dispositions
for each statement execute function silver.refuse_change();

-- An account of the pages. The password is kept as argon2id's own text, which holds its salt.
create table silver.ui_accounts (
    name text primary key check (name ~ '^[a-z][a-z0-9._-]{0,39}$'),
    password_hash text not null check (password_hash like '$argon2id$%'),
    role text not null check (role in ('viewer', 'analyst', 'admin')),
    created_at timestamptz not null,
    created_by text not null,
    disabled_at timestamptz,
    -- Sessions that began before this instant are over.
    sessions_from timestamptz not null
);

-- The watchlist newest first: only its own rows are in it.
create index decisions_watchlist on silver.decisions (decided_at desc)
where tier = 'Watchlist';

do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'risk_ui') then
        begin
            execute 'create role risk_ui nologin';
        exception
            when duplicate_object or unique_violation then
                null;
            when insufficient_privilege then
                raise exception 'role risk_ui is missing'
                using errcode = 'insufficient_privilege', constraint = 'missing role risk_ui';
        end;
    end if;
end
$$;

grant usage on schema silver to risk_ui;
grant select on silver.migrations, silver.decisions, silver.quarantine, silver.duplicates,
silver.progress, silver.owner, silver.position_losses, silver.reference_sets,
silver.reference_in_force, silver.alerts to risk_ui;
grant select, insert on silver.dispositions, silver.audit_log to risk_ui;
grant select, insert, update on silver.ui_accounts to risk_ui;
grant select on silver.dispositions to risk_reader;
