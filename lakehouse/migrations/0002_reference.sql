-- Reference tables: small tables that decisions are joined to. A set of them never changes; its
-- version is a hash of its content and stands on every decision that was joined to it, so that the
-- decision can be made again as it was. Replacing one table makes a new set.
create table silver.reference_sets (
    version text primary key,
    tables jsonb not null,
    stored_at timestamptz not null default now()
);

-- The one set that new decisions are joined to; without a row it is what the code ships.
create table silver.reference_in_force (
    is_only boolean primary key default true check (is_only),
    version text not null references silver.reference_sets (version),
    since timestamptz not null default now()
);
