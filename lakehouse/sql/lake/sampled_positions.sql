-- Question: which decisions are `size` drawn at random? Grain: one row a decision. The same seed
-- draws the same decisions while none is added.
select
    event_id,
    topic,
    part,
    off
from decisions
order by md5(concat_ws('|', $seed::bigint, topic, part, off))
limit $size -- noqa: PRS
