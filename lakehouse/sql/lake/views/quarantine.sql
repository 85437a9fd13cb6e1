-- Question: what is in quarantine? Grain: one row an event, without those that were decided after
-- all (recoveries).
create view quarantine as
select
    held.topic,
    held.part,
    held.off,
    held.stage,
    held.code,
    held.reason,
    held.raw_size,
    held.raw_sha256,
    held.raw,
    held.first_seen_at
from ever_quarantined as held
anti join recoveries as recovered
    on
        held.topic = recovered.topic
        and held.part = recovered.part
        and held.off = recovered.off
