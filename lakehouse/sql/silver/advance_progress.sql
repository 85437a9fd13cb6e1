-- Moves partitions' positions past a batch of each and adds the batch to its account.
update silver.progress as progress
set
    next_off = batch.next_off,
    read_count = progress.read_count + batch.read_count,
    decided_count = progress.decided_count + batch.decided_count,
    duplicate_count = progress.duplicate_count + batch.duplicate_count,
    conflict_count = progress.conflict_count + batch.conflict_count,
    quarantined_count = progress.quarantined_count + batch.quarantined_count,
    stored_at = now()
from
    unnest(
        %(topics)s::text[],
        %(parts)s::bigint[],
        %(next_offs)s::bigint[],
        %(read)s::bigint[],
        %(decided)s::bigint[],
        %(duplicates)s::bigint[],
        %(conflicts)s::bigint[],
        %(quarantined)s::bigint[]
    )
        as batch (
            topic,
            part,
            next_off,
            read_count,
            decided_count,
            duplicate_count,
            conflict_count,
            quarantined_count
        )
where
    progress.pipeline = %(pipeline)s
    and progress.topic = batch.topic
    and progress.part = batch.part
