-- Question: what was decided of a partition's offsets `first_off` to `last_off`? Grain: one row a
-- decision, in the order of the offsets; the columns of `lakehouse.arrow_schemas.DECISIONS`.
select * -- noqa: AM04
from decisions
where
    topic = $topic
    and part = $part
    and off between $first_off and $last_off
order by off
