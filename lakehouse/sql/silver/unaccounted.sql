-- Question: how many events did each partition read that ended nowhere, or twice (negative)? What
-- was compared before is taken from there; what came since is counted. Grain: one row a pipeline
-- and partition.
select
    progress.pipeline,
    progress.topic,
    progress.part,
    progress.read_count - coalesce(reconciled.accounted_count, 0) - (
        select count(*)
        from silver.decisions as decided
        where
            decided.topic = progress.topic
            and decided.part = progress.part
            and decided.off >= coalesce(reconciled.next_off, progress.start_off)
            and decided.off < progress.next_off
    ) - (
        select count(*)
        from silver.duplicates as repeated
        where
            repeated.topic = progress.topic
            and repeated.part = progress.part
            and repeated.off >= coalesce(reconciled.next_off, progress.start_off)
            and repeated.off < progress.next_off
    ) - (
        select count(*)
        from silver.quarantine as refused
        where
            refused.topic = progress.topic
            and refused.part = progress.part
            and refused.off >= coalesce(reconciled.next_off, progress.start_off)
            and refused.off < progress.next_off
    ) + (
        select count(*)
        from silver.recoveries as recovered
        where
            recovered.topic = progress.topic
            and recovered.part = progress.part
            and recovered.off >= coalesce(reconciled.next_off, progress.start_off)
            and recovered.off < progress.next_off
    ) as unaccounted
from silver.progress as progress
left join silver.reconciled as reconciled
    on
        progress.pipeline = reconciled.pipeline
        and progress.topic = reconciled.topic
        and progress.part = reconciled.part
