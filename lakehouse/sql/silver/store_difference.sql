-- Keeps a range in which a table of gold differs, as it is now; found again after it was equal, it
-- is open again.
insert into silver.gold_differences (
    pipeline,
    topic,
    part,
    table_name,
    from_off,
    to_off,
    missing_count,
    surplus_count,
    altered_count,
    offs,
    found_at
)
values (
    %(pipeline)s,
    %(topic)s,
    %(part)s,
    %(table)s,
    %(from_off)s,
    %(to_off)s,
    %(missing)s,
    %(surplus)s,
    %(altered)s,
    %(offs)s::bigint[],
    %(now)s
)
on conflict (pipeline, topic, part, table_name, from_off) do update
    set
        to_off = greatest(gold_differences.to_off, excluded.to_off),
        missing_count = excluded.missing_count,
        surplus_count = excluded.surplus_count,
        altered_count = excluded.altered_count,
        offs = excluded.offs,
        resolved_at = null
