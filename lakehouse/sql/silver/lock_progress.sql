-- Question: up to where is this partition stored? Grain: one row, locked for this transaction.
select next_off
from silver.progress
where
    pipeline = %(pipeline)s
    and topic = %(topic)s
    and part = %(part)s
for no key update
