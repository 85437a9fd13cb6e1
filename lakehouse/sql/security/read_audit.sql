-- Question: what was done? Grain: one row an entry, in the order of the chain, after a given one.
select
    seq,
    entry_id::text as entry_id,
    at,
    actor,
    action,
    subject,
    details,
    prev_hash,
    hash
from silver.audit_log
where seq > %(after)s
order by seq
limit %(most)s
