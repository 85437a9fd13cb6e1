-- Question: how new is what the lake holds? Grain: one row a table that holds rows; instants UTC.
-- `newest_at` is the latest instant of a row, `newest_event_at` that of what it tells of.
select
    'decisions' as table_name,
    count(*) as rows_held,
    max(decided_at) as newest_at,
    max(event_at) as newest_event_at
from decisions
having count(*) > 0
union all
select
    'raw_events' as table_name,
    count(*) as rows_held,
    max(received_at) as newest_at,
    max(received_at) as newest_event_at
from raw_events
having count(*) > 0
union all
select
    'quarantine' as table_name,
    count(*) as rows_held,
    max(first_seen_at) as newest_at,
    max(first_seen_at) as newest_event_at
from quarantine
having count(*) > 0
union all
select
    'duplicates' as table_name,
    count(*) as rows_held,
    max(seen_at) as newest_at,
    max(seen_at) as newest_event_at
from duplicates
having count(*) > 0
union all
select
    'outcome_records' as table_name,
    count(*) as rows_held,
    max(recorded_at) as newest_at,
    max(observed_on)::timestamp as newest_event_at
from outcome_records
having count(*) > 0
