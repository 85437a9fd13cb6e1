-- Question: which events were refused? Grain: one row an event, the newest first; `rows_in_all` of
-- them, of which `limit` from `first` on. An empty list of codes is every code.
select
    first_seen_at,
    stage,
    code,
    reason,
    raw_size,
    raw_sha256,
    raw,
    topic,
    part,
    off,
    count(*) over () as rows_in_all
from quarantine
where len($codes::varchar[]) = 0 or list_contains($codes::varchar[], code)
order by first_seen_at desc, topic asc, part asc, off asc
limit $limit -- noqa: PRS
offset $first
