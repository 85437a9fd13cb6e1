-- Notes that gold is equal to silver again in ranges of a table that begin here.
update silver.gold_differences
set resolved_at = %(now)s
where
    pipeline = %(pipeline)s
    and topic = %(topic)s
    and part = %(part)s
    and table_name = %(table)s
    and from_off = %(from_off)s
    and resolved_at is null
