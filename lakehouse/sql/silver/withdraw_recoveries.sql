-- Takes events back that were recovered, so that they count as quarantined again: what a recovery
-- decided is deleted, and the account moved. Grain: one row, how many events.
with wanted as (
    select
        topic,
        part,
        off
    from unnest(%(topics)s::text[], %(parts)s::bigint[], %(offs)s::bigint[])
        as given (topic, part, off)
),

withdrawn as (
    delete from silver.recoveries
    where (topic, part, off) in (select
        wanted.topic,
        wanted.part,
        wanted.off
    from wanted)
    returning topic, part, off, outcome
),

decided as (
    delete from silver.decisions
    where (topic, part, off) in (select
        withdrawn.topic,
        withdrawn.part,
        withdrawn.off
    from withdrawn)
    returning topic, part, off
),

repeated as (
    delete from silver.duplicates
    where (topic, part, off) in (select
        withdrawn.topic,
        withdrawn.part,
        withdrawn.off
    from withdrawn)
    returning topic, part, off, is_conflict
),

counted as (
    select
        progress.pipeline,
        progress.topic,
        progress.part,
        count(*) as recovered,
        count(*) filter (where withdrawn.outcome = 'decided') as decided,
        count(*) filter (where withdrawn.outcome = 'duplicate') as repeated,
        count(*) filter (where repeated.is_conflict) as conflicts
    from silver.progress as progress
    inner join withdrawn
        on
            progress.topic = withdrawn.topic
            and progress.part = withdrawn.part
            and progress.start_off <= withdrawn.off
            and progress.next_off > withdrawn.off
    left join repeated
        on
            withdrawn.topic = repeated.topic
            and withdrawn.part = repeated.part
            and withdrawn.off = repeated.off
    group by progress.pipeline, progress.topic, progress.part
),

account as (
    update silver.progress
    set
        decided_count = progress.decided_count - counted.decided,
        duplicate_count = progress.duplicate_count - counted.repeated,
        conflict_count = progress.conflict_count - counted.conflicts,
        quarantined_count = progress.quarantined_count + counted.recovered,
        recovered_count = progress.recovered_count - counted.recovered
    from counted
    where
        progress.pipeline = counted.pipeline
        and progress.topic = counted.topic
        and progress.part = counted.part
    returning progress.topic
)

select
    (select count(*) from withdrawn) as events,
    (select count(*) from account) as partitions,
    (select count(*) from decided) as decided
