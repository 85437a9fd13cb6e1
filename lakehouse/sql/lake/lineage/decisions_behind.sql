-- Question: which decisions are behind a figure? Grain: one row a decision, in the order of its
-- position; `rows_in_all` of them, of which `limit` from `first` on.
select
    event_id,
    application_id,
    applied_on,
    decided_at,
    tier,
    pd,
    points,
    amount_usd,
    topic,
    part,
    off,
    model_version,
    policy_version,
    (select count(*) from chosen($filters)) as rows_in_all
from chosen($filters)
order by topic, part, off
limit $limit -- noqa: PRS
offset $first
