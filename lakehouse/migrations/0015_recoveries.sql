-- What left the quarantine: events that were refused, and that a replay decided after all. The row
-- in silver.quarantine stays as it is; this one marks it.
create table silver.recoveries (
    -- In the order of commits, so that gold can say up to which one it has followed.
    recovery_no bigint primary key,
    topic text not null,
    part bigint not null,
    off bigint not null,
    outcome text not null check (outcome in ('decided', 'duplicate')),
    code text not null, -- with which it had been refused
    recovered_at timestamptz not null,
    recovered_by text not null check (recovered_by <> ''),
    unique (topic, part, off)
);

-- The last number given. Whoever recovers holds this row until it commits.
create table silver.recovery_head (
    is_only boolean primary key default true check (is_only),
    last_no bigint not null
);
insert into silver.recovery_head (last_no) values (0);

-- Recovered events are counted among the decided and the duplicates from then on, and here too.
alter table silver.progress
add column recovered_count bigint not null default 0,
add check (recovered_count between 0 and decided_count + duplicate_count);

grant select, insert on silver.recoveries to risk_writer;
grant select, insert, update on silver.recovery_head to risk_writer;
grant select on silver.recoveries, silver.recovery_head to risk_reader, risk_ui;
