-- What was erased at an applicant's request, and whether gold has followed. Of the ids only salted
-- hashes stay, slow to compute, so that a replay of one can say "erased"; of the events only where
-- they came from. No role may write here but the owner, who erases.
create table silver.erasures (
    erasure_id uuid primary key,
    erased_at timestamptz not null,
    reason text not null check (reason <> ''),
    salt bytea not null,
    id_hashes bytea[] not null,
    topics text[] not null,
    parts bigint[] not null,
    offs bigint[] not null,
    completed_at timestamptz
);

grant select on silver.erasures to risk_reader;
