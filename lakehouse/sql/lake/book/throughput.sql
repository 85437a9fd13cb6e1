-- Question: how fast were events decided of late, and how late? Grain: one row a bucket of `width`
-- seconds by the instant of decision (UTC), of the last `buckets` before the newest decision. Lag
-- is seconds from the event to its decision.
with latest as (
    select max(decided_at) as until
    from decisions
)

select
    time_bucket(to_seconds($width), decided_at) as bucket,
    count(*) as decided,
    quantile_cont(epoch(decided_at) - epoch(event_at), 0.5) as lag_p50,
    quantile_cont(epoch(decided_at) - epoch(event_at), 0.99) as lag_p99
from decisions
where decided_at > (select latest.until from latest) - to_seconds($width * $buckets)
group by bucket
order by bucket
