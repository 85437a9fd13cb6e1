-- Turns these events, whatever became of them, into refused ones of which nothing is kept but where
-- they came from, and moves the account with them. Grain: one row, how many events that changed.
with wanted as (
    select
        topic,
        part,
        off
    from unnest(%(topics)s::text[], %(parts)s::bigint[], %(offs)s::bigint[])
        as given (topic, part, off)
),

decided as (
    delete from silver.decisions
    where (topic, part, off) in (select
        wanted.topic,
        wanted.part,
        wanted.off
    from wanted)
    returning topic, part, off
),

repeated as (
    delete from silver.duplicates
    where (topic, part, off) in (select
        wanted.topic,
        wanted.part,
        wanted.off
    from wanted)
    returning topic, part, off, is_conflict
),

refused as (
    update silver.quarantine
    set
        stage = %(stage)s,
        code = %(code)s,
        reason = %(reason)s,
        raw_size = 0,
        raw_sha256 = null,
        raw = null
    where
        (topic, part, off) in (select
            wanted.topic,
            wanted.part,
            wanted.off
        from wanted)
        and code <> %(code)s
    returning topic, part, off
),

moved as (
    select
        topic,
        part,
        off,
        1 as decided,
        0 as repeated,
        0 as conflicts
    from decided
    union all
    select
        topic,
        part,
        off,
        0 as decided,
        1 as repeated,
        is_conflict::integer as conflicts
    from repeated
),

kept as (
    insert into silver.quarantine (
        topic, part, off, stage, code, reason, raw_size, first_seen_at
    )
    select
        topic,
        part,
        off,
        %(stage)s,
        %(code)s,
        %(reason)s,
        0 as raw_size,
        %(erased_at)s as first_seen_at
    from moved
    returning topic
),

counted as (
    select
        topic,
        part,
        sum(decided) as decided,
        sum(repeated) as repeated,
        sum(conflicts) as conflicts
    from moved
    group by topic, part
),

account as (
    update silver.progress
    set
        decided_count = progress.decided_count - counted.decided,
        duplicate_count = progress.duplicate_count - counted.repeated,
        conflict_count = progress.conflict_count - counted.conflicts,
        quarantined_count = progress.quarantined_count + counted.decided + counted.repeated
    from counted
    where progress.topic = counted.topic and progress.part = counted.part
    returning progress.topic
)

select
    (select count(*) from kept) + (select count(*) from refused) as events,
    (select count(*) from account) as partitions
