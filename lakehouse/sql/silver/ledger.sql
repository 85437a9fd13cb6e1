-- Question: what does silver hold of each partition, and of that, of what a gold table should hold
-- too? Grain: one row a gold table and partition. `stored` counts all rows, `covered` and what
-- follows only those up to the offset that the gold table has reached. The digest adds up hashes,
-- so the order of rows is no matter; a PD is scaled by a power of two, which is exact.
with reached as (
    select
        table_name,
        topic,
        part,
        last_off
    from
        unnest(
            %(tables)s::text[],
            %(topics)s::text[],
            %(parts)s::bigint[],
            %(lasts)s::bigint[]
        )
            as given (table_name, topic, part, last_off)
),

ended as (
    select
        'decisions' as table_name,
        topic,
        part,
        off,
        false as is_conflict,
        concat_ws(
            '|',
            off,
            event_id,
            floor(pd * 4611686018427387904)::bigint,
            model_version,
            tier,
            content_hash
        ) as content
    from silver.decisions
    union all
    select
        'duplicates' as table_name,
        topic,
        part,
        off,
        is_conflict,
        concat_ws('|', off, event_id, is_conflict::integer, first_topic, first_part, first_off)
            as content
    from silver.duplicates
    union all
    select
        'quarantine' as table_name,
        topic,
        part,
        off,
        false as is_conflict,
        concat_ws('|', off, stage, code, raw_size, raw_sha256) as content
    from silver.quarantine
),

-- Every event read ended in one of the three, and its bytes are in the archive, but for those that
-- the source no longer held when gold was to take them.
expected as (
    select
        table_name,
        topic,
        part,
        off,
        is_conflict,
        content
    from ended
    union all
    select
        'raw_events' as table_name,
        topic,
        part,
        off,
        false as is_conflict,
        null as content
    from ended
    where
        not exists (
            select 1
            from silver.position_losses as loss
            where
                loss.store = 'archive'
                and loss.topic = ended.topic
                and loss.part = ended.part
                and ended.off >= loss.from_off
                and ended.off < loss.to_off
        )
)

select
    expected.table_name,
    expected.topic,
    expected.part,
    count(*) as stored,
    count(*) filter (where expected.is_conflict) as conflicts,
    count(*) filter (where expected.off <= reached.last_off) as covered,
    coalesce(sum(expected.off) filter (where expected.off <= reached.last_off), 0)::text as off_sum,
    coalesce(
        sum(('x' || substr(md5(expected.content), 1, 15))::bit(60)::bigint)
        filter (where expected.off <= reached.last_off),
        0
    )::text as digest
from expected
left join reached
    on
        expected.table_name = reached.table_name
        and expected.topic = reached.topic
        and expected.part = reached.part
group by expected.table_name, expected.topic, expected.part
