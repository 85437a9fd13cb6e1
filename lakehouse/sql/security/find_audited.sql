-- Question: which of these entries are in the log already? Grain: one row an entry.
select entry_id::text as entry_id
from silver.audit_log
where entry_id = any(%(entry_ids)s::uuid[])
