-- Question: what do gold's tables hold of a range of a partition? Grain: one row a table, or with
-- `by_row` one a table and offset. The digest is the same sum of hashes as silver's.
with held as (
    select
        'decisions' as table_name,
        off,
        concat_ws(
            '|',
            off,
            event_id,
            floor(pd * 4611686018427387904)::bigint,
            model_version,
            tier,
            content_hash
        ) as content
    from decisions
    where topic = $topic and part = $part and off >= $first_off and off < $next_off
    union all
    select
        'duplicates' as table_name,
        off,
        concat_ws('|', off, event_id, is_conflict::integer, first_topic, first_part, first_off)
            as content
    from duplicates
    where topic = $topic and part = $part and off >= $first_off and off < $next_off
    union all
    select
        'quarantine' as table_name,
        off,
        concat_ws('|', off, stage, code, raw_size, raw_sha256) as content
    from ever_quarantined
    where topic = $topic and part = $part and off >= $first_off and off < $next_off
    union all
    select
        'raw_events' as table_name,
        off,
        null as content
    from raw_events
    where topic = $topic and part = $part and off >= $first_off and off < $next_off
    union all
    select
        'recoveries' as table_name,
        off,
        concat_ws('|', off, recovery_no, outcome, code) as content
    from recoveries
    where topic = $topic and part = $part and off >= $first_off and off < $next_off
)

select
    table_name,
    case when $by_row then off end as at_off,
    count(*) as row_count,
    sum(off)::varchar as off_sum,
    coalesce(sum(('0x' || substr(md5(content), 1, 15))::bigint), 0)::varchar as digest
from held
where $table_name is null or table_name = $table_name
group by all
order by all
