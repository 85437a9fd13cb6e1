-- How far gold was compared with silver, range by range, and what differed there.

create table silver.reconciled (
    pipeline text not null,
    topic text not null,
    part bigint not null,
    next_off bigint not null, -- what lies below was compared
    accounted_count bigint not null, -- events below that ended as decided, duplicate or quarantined
    checked_at timestamptz not null,
    primary key (pipeline, topic, part)
);

-- Up to which recovery the ranges of recovered events were compared again.
create table silver.reconciled_recoveries (
    is_only boolean primary key default true check (is_only),
    last_no bigint not null
);
insert into silver.reconciled_recoveries (last_no) values (0);

-- Ranges in which gold differs; each is compared again with every run until it is equal.
create table silver.gold_differences (
    pipeline text not null,
    topic text not null,
    part bigint not null,
    table_name text not null,
    from_off bigint not null,
    to_off bigint not null,
    missing_count bigint not null,
    surplus_count bigint not null,
    altered_count bigint not null,
    offs bigint[] not null, -- the first of them
    found_at timestamptz not null,
    resolved_at timestamptz,
    primary key (pipeline, topic, part, table_name, from_off),
    check (to_off > from_off)
);

grant select, insert, update on silver.reconciled, silver.reconciled_recoveries,
silver.gold_differences to risk_writer;
grant select on silver.reconciled, silver.reconciled_recoveries, silver.gold_differences
to risk_reader, risk_ui;
