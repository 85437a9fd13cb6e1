-- Moves events of a partition from the quarantined to the decided and the duplicates, in the
-- account of each pipeline that has read them.
with given as (
    select
        off,
        outcome,
        is_conflict
    from
        unnest(%(offs)s::bigint[], %(outcomes)s::text[], %(conflicts)s::boolean[])
            as given (off, outcome, is_conflict)
),

counted as (
    select
        progress.pipeline,
        count(*) as recovered,
        count(*) filter (where given.outcome = 'decided') as decided,
        count(*) filter (where given.outcome = 'duplicate') as repeated,
        count(*) filter (where given.is_conflict) as conflicts
    from silver.progress as progress
    inner join given
        on
            progress.start_off <= given.off
            and progress.next_off > given.off
    where progress.topic = %(topic)s and progress.part = %(part)s
    group by progress.pipeline
)

update silver.progress
set
    decided_count = progress.decided_count + counted.decided,
    duplicate_count = progress.duplicate_count + counted.repeated,
    conflict_count = progress.conflict_count + counted.conflicts,
    quarantined_count = progress.quarantined_count - counted.recovered,
    recovered_count = progress.recovered_count + counted.recovered
from counted
where
    progress.pipeline = counted.pipeline
    and progress.topic = %(topic)s
    and progress.part = %(part)s
