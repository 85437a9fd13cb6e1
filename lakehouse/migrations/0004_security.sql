-- Who may ask, what was answered, and what each role may do: docs/security.md.

-- A key is kept as a keyed hash of its secret; nothing in this table opens the door. Keys are never
-- deleted, so that a prefix in the audit log always leads to a name.
create table silver.api_keys (
    prefix text primary key check (prefix ~ '^[a-z2-7]{8}$'),
    digest bytea not null check (octet_length(digest) = 32),
    name text not null check (name <> ''),
    scopes text[] not null check (cardinality(scopes) > 0),
    rate_per_second double precision not null check (rate_per_second > 0),
    burst integer not null check (burst > 0),
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    check ((revoked_at is null) = (revoked_by is null))
);

-- One row a deed, chained: hash = sha256(prev_hash || the row's canonical text). The details are
-- JSON kept as the very text that was hashed. An entry is stored once by its id.
create table silver.audit_log (
    seq bigint primary key check (seq > 0),
    entry_id uuid not null unique,
    at timestamptz not null,
    actor text not null check (actor <> ''),
    action text not null check (action <> ''),
    subject text not null,
    details text not null check (jsonb_typeof(details::jsonb) = 'object'),
    prev_hash bytea not null check (octet_length(prev_hash) = 32),
    hash bytea not null check (octet_length(hash) = 32)
);

create function silver.refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception '% is insert-only: % is refused', tg_table_name, tg_op
    using errcode = 'insufficient_privilege', constraint = 'insert-only ' || tg_table_name;
end
$$;

create trigger audit_log_is_insert_only
before update or delete or truncate on silver.audit_log
for each statement execute function silver.refuse_change();

-- Fires in replication sessions too, where triggers otherwise rest.
alter table silver.audit_log enable always trigger audit_log_is_insert_only;

-- Roles belong to the whole server: another database of it may have made them, or may be making
-- them right now. Who may not make them is told which one is missing.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['risk_writer', 'risk_reader', 'risk_audit'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception
                when duplicate_object or unique_violation then
                    null;
                when insufficient_privilege then
                    raise exception 'role % is missing', wanted
                    using errcode = 'insufficient_privilege', constraint = 'missing role ' || wanted;
            end;
        end if;
    end loop;
end
$$;

-- The matrix of lakehouse.roles.PRIVILEGES, which a test compares with the server's catalogue.
grant usage on schema silver to risk_writer, risk_reader, risk_audit;

grant select, insert on silver.decisions, silver.quarantine, silver.duplicates,
silver.position_losses, silver.reference_sets to risk_writer;
grant select, insert, update on silver.progress, silver.owner,
silver.reference_in_force to risk_writer;
grant select on silver.migrations to risk_writer, risk_reader, risk_audit;

grant select on silver.decisions, silver.quarantine, silver.duplicates, silver.progress,
silver.owner, silver.position_losses, silver.reference_sets, silver.reference_in_force,
silver.audit_log to risk_reader;

grant select, insert on silver.audit_log to risk_audit;
grant select on silver.api_keys to risk_audit;
