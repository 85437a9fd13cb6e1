-- Question: which applications came onto the watchlist last, and why? Grain: one row a decision,
-- newest first; at most `limit` of them.
select
    decided_at,
    application_id,
    amount_usd,
    term_months,
    purpose,
    region,
    dti_pct,
    utilisation_pct,
    pd,
    points,
    reasons
from decisions
where tier = 'Watchlist'
order by decided_at desc, topic asc, part asc, off desc
limit $limit -- noqa: PRS
