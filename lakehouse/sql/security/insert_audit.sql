-- Adds links to the chain, handed over as one JSON array; hashes are hexadecimal.
insert into silver.audit_log (
    seq, entry_id, at, actor, action, subject, details, prev_hash, hash
)
select
    seq,
    entry_id,
    at,
    actor,
    action,
    subject,
    details,
    decode(prev_hash, 'hex') as prev_hash,
    decode(hash, 'hex') as hash
from
    json_to_recordset(%(links)s::json)
        as (
            seq bigint,
            entry_id uuid,
            at timestamptz,
            actor text,
            action text,
            subject text,
            details text,
            prev_hash text,
            hash text
        )
order by seq
