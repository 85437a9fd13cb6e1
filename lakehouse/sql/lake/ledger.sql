-- Question: what does gold hold of each partition that silver knows? Grain: one row a table and
-- partition, histories left out. The digest is the same sum of hashes as in silver/ledger.sql.
with held as (
    select
        'decisions' as table_name,
        topic,
        part,
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
    union all
    select
        'duplicates' as table_name,
        topic,
        part,
        off,
        concat_ws('|', off, event_id, is_conflict::integer, first_topic, first_part, first_off)
            as content
    from duplicates
    union all
    select
        'quarantine' as table_name,
        topic,
        part,
        off,
        concat_ws('|', off, stage, code, raw_size, raw_sha256) as content
    from ever_quarantined
    union all
    select
        'raw_events' as table_name,
        topic,
        part,
        off,
        null as content
    from raw_events
    union all
    select
        'recoveries' as table_name,
        topic,
        part,
        off,
        concat_ws('|', off, recovery_no, outcome, code) as content
    from recoveries
)

select
    table_name,
    topic,
    part,
    count(*) as covered,
    sum(off)::varchar as off_sum,
    coalesce(sum(('0x' || substr(md5(content), 1, 15))::bigint), 0)::varchar as digest
from held
where not starts_with(topic, 'history:')
group by table_name, topic, part
order by table_name, topic, part
