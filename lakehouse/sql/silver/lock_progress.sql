-- Question: up to where are these partitions stored?
-- Grain: one row a partition that was begun, locked for this transaction.
select
    progress.topic,
    progress.part,
    progress.next_off
from silver.progress as progress
where
    progress.pipeline = %(pipeline)s
    and (progress.topic, progress.part) in (
        select
            wanted.topic,
            wanted.part
        from unnest(%(topics)s::text[], %(parts)s::bigint[]) as wanted (topic, part)
    )
order by progress.topic, progress.part
for no key update
