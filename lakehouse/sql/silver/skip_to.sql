-- Moves a partition's position forward to what the source still holds; never back.
update silver.progress
set next_off = greatest(next_off, %(to_off)s)
where
    pipeline = %(pipeline)s
    and topic = %(topic)s
    and part = %(part)s
