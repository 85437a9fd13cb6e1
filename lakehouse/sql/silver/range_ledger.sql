-- Question: what does silver hold of a range of a partition that gold's tables should hold too?
-- Grain: one row a table, or with `by_row` one a table and offset. The digest adds up hashes, so
-- the order of rows is no matter; a PD is scaled by a power of two, which is exact. Of recovered
-- events a table should hold those up to the recovery that it has followed. `events` is no table:
-- it counts every event of the range that ended.
with followed as (
    select
        table_name,
        last_no
    from
        unnest(%(tables)s::text[], %(numbers)s::bigint[]) as given (table_name, last_no)
),

recovered as (
    select
        off,
        recovery_no,
        outcome,
        code
    from silver.recoveries
    where
        topic = %(topic)s
        and part = %(part)s
        and off >= %(first_off)s
        and off < %(next_off)s
),

ended as (
    select
        'decisions' as table_name,
        decided.off,
        recovered.recovery_no,
        concat_ws(
            '|',
            decided.off,
            decided.event_id,
            floor(decided.pd * 4611686018427387904)::bigint,
            decided.model_version,
            decided.tier,
            decided.content_hash
        ) as content
    from silver.decisions as decided
    left join recovered on decided.off = recovered.off
    where
        decided.topic = %(topic)s
        and decided.part = %(part)s
        and decided.off >= %(first_off)s
        and decided.off < %(next_off)s
    union all
    select
        'duplicates' as table_name,
        repeated.off,
        recovered.recovery_no,
        concat_ws(
            '|',
            repeated.off,
            repeated.event_id,
            repeated.is_conflict::integer,
            repeated.first_topic,
            repeated.first_part,
            repeated.first_off
        ) as content
    from silver.duplicates as repeated
    left join recovered on repeated.off = recovered.off
    where
        repeated.topic = %(topic)s
        and repeated.part = %(part)s
        and repeated.off >= %(first_off)s
        and repeated.off < %(next_off)s
    union all
    select
        'quarantine' as table_name,
        off,
        null as recovery_no,
        concat_ws('|', off, stage, code, raw_size, raw_sha256) as content
    from silver.quarantine
    where
        topic = %(topic)s
        and part = %(part)s
        and off >= %(first_off)s
        and off < %(next_off)s
),

expected as (
    select
        table_name,
        off,
        recovery_no,
        content
    from ended
    union all
    select
        'events' as table_name,
        off,
        null as recovery_no,
        null as content
    from ended
    where recovery_no is null
    union all
    select
        'raw_events' as table_name,
        off,
        null as recovery_no,
        null as content
    from ended
    where
        recovery_no is null
        and not exists (
            select 1
            from silver.position_losses as loss
            where
                loss.store = 'archive'
                and loss.topic = %(topic)s
                and loss.part = %(part)s
                and ended.off >= loss.from_off
                and ended.off < loss.to_off
        )
    union all
    select
        'recoveries' as table_name,
        off,
        recovery_no,
        concat_ws('|', off, recovery_no, outcome, code) as content
    from recovered
)

select
    expected.table_name,
    case when %(by_row)s then expected.off end as at_off,
    count(*) as row_count,
    sum(expected.off)::text as off_sum,
    coalesce(sum(('x' || substr(md5(expected.content), 1, 15))::bit(60)::bigint), 0)::text as digest
from expected
left join followed on expected.table_name = followed.table_name
where
    (expected.recovery_no is null or expected.recovery_no <= followed.last_no)
    and (%(table)s::text is null or expected.table_name = %(table)s)
group by expected.table_name, case when %(by_row)s then expected.off end
