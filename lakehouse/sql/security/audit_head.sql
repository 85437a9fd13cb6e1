-- Question: where does the chain end? Grain: its last row, if it has any.
select
    seq,
    hash
from silver.audit_log
order by seq desc
limit 1
