-- Question: what does silver hold of each partition, and of that, of what a gold table should hold
-- too? Grain: one row a gold table and partition. `stored` counts what became of events: one that
-- was recovered from quarantine is no longer counted there. `covered` and what follows are rows up
-- to the offset that the gold table has reached, and of recovered events those up to the recovery
-- that it has followed. The digest adds up hashes, so the order of rows is no matter; a PD is
-- scaled by a power of two, which is exact.
with reached as (
    select
        table_name,
        topic,
        part,
        last_off,
        last_no
    from
        unnest(
            %(tables)s::text[],
            %(topics)s::text[],
            %(parts)s::bigint[],
            %(lasts)s::bigint[],
            %(numbers)s::bigint[]
        )
            as given (table_name, topic, part, last_off, last_no)
),

ended as (
    select
        'decisions' as table_name,
        decisions.topic,
        decisions.part,
        decisions.off,
        false as is_conflict,
        true as is_counted,
        recovered.recovery_no,
        concat_ws(
            '|',
            decisions.off,
            decisions.event_id,
            floor(decisions.pd * 4611686018427387904)::bigint,
            decisions.model_version,
            decisions.tier,
            decisions.content_hash
        ) as content
    from silver.decisions as decisions
    left join silver.recoveries as recovered
        on
            decisions.topic = recovered.topic
            and decisions.part = recovered.part
            and decisions.off = recovered.off
    union all
    select
        'duplicates' as table_name,
        duplicates.topic,
        duplicates.part,
        duplicates.off,
        duplicates.is_conflict,
        true as is_counted,
        recovered.recovery_no,
        concat_ws(
            '|',
            duplicates.off,
            duplicates.event_id,
            duplicates.is_conflict::integer,
            duplicates.first_topic,
            duplicates.first_part,
            duplicates.first_off
        ) as content
    from silver.duplicates as duplicates
    left join silver.recoveries as recovered
        on
            duplicates.topic = recovered.topic
            and duplicates.part = recovered.part
            and duplicates.off = recovered.off
    union all
    select
        'quarantine' as table_name,
        quarantine.topic,
        quarantine.part,
        quarantine.off,
        false as is_conflict,
        recovered.recovery_no is null as is_counted,
        null as recovery_no,
        concat_ws(
            '|',
            quarantine.off,
            quarantine.stage,
            quarantine.code,
            quarantine.raw_size,
            quarantine.raw_sha256
        ) as content
    from silver.quarantine as quarantine
    left join silver.recoveries as recovered
        on
            quarantine.topic = recovered.topic
            and quarantine.part = recovered.part
            and quarantine.off = recovered.off
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
        is_counted,
        recovery_no,
        content
    from ended
    union all
    select
        'raw_events' as table_name,
        topic,
        part,
        off,
        false as is_conflict,
        true as is_counted,
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
                and loss.topic = ended.topic
                and loss.part = ended.part
                and ended.off >= loss.from_off
                and ended.off < loss.to_off
        )
    union all
    select
        'recoveries' as table_name,
        topic,
        part,
        off,
        false as is_conflict,
        true as is_counted,
        recovery_no,
        concat_ws('|', off, recovery_no, outcome, code) as content
    from silver.recoveries
),

seen as (
    select
        expected.table_name,
        expected.topic,
        expected.part,
        expected.off,
        expected.is_conflict,
        expected.is_counted,
        expected.content,
        case
            when expected.recovery_no is null then expected.off <= reached.last_off
            else expected.recovery_no <= reached.last_no
        end as is_covered
    from expected
    left join reached
        on
            expected.table_name = reached.table_name
            and expected.topic = reached.topic
            and expected.part = reached.part
)

select
    table_name,
    topic,
    part,
    count(*) filter (where is_counted) as stored,
    count(*) filter (where is_conflict) as conflicts,
    count(*) filter (where is_covered) as covered,
    coalesce(sum(off) filter (where is_covered), 0)::text as off_sum,
    coalesce(
        sum(('x' || substr(md5(content), 1, 15))::bit(60)::bigint) filter (where is_covered), 0
    )::text as digest
from seen
group by table_name, topic, part
