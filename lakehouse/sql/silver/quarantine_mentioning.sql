-- Question: the bytes of which refused events hold these? Grain: one row an event.
select
    topic,
    part,
    off,
    raw
from silver.quarantine
where position(%(needle)s::bytea in raw) > 0
