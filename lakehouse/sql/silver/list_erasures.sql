-- Question: what was erased, when, and has gold followed? Grain: one row an erasure, oldest first.
select
    erasure_id,
    erased_at,
    salt,
    id_hashes,
    topics,
    parts,
    offs,
    completed_at is not null as is_complete
from silver.erasures
order by erased_at, erasure_id
