-- Question: what do gold's tables hold? Grain: one row a table and offset; `content` is what must
-- equal silver's (silver/ledger.sql, silver/range_ledger.sql).
create macro held() as table
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
