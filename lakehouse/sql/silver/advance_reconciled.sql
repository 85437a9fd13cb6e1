-- Notes that gold was compared up to an offset, and how many events ended in the range before it;
-- nothing if another run was there first. Grain: one row if it was noted.
insert into silver.reconciled as known (
    pipeline, topic, part, next_off, accounted_count, checked_at
)
values (%(pipeline)s, %(topic)s, %(part)s, %(next_off)s, %(accounted)s, %(now)s)
on conflict (pipeline, topic, part) do update
    set
        next_off = excluded.next_off,
        accounted_count = known.accounted_count + excluded.accounted_count,
        checked_at = excluded.checked_at
    where known.next_off = %(first_off)s
returning next_off
