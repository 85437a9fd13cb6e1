-- Question: how many events did each partition read that ended nowhere, or twice (negative)? What
-- was compared before is taken from there; what came since is counted: a recovered event is in two
-- of the three tables. Grain: one row a pipeline and partition.
select
    progress.pipeline,
    progress.topic,
    progress.part,
    progress.read_count - coalesce(reconciled.accounted_count, 0) - (
        select coalesce(sum(ended.events), 0)::bigint
        from (
            select topic, part, off, 1 as events from silver.decisions
            union all
            select topic, part, off, 1 as events from silver.duplicates
            union all
            select topic, part, off, 1 as events from silver.quarantine
            union all
            select topic, part, off, -1 as events from silver.recoveries
        ) as ended
        where
            ended.topic = progress.topic
            and ended.part = progress.part
            and ended.off >= coalesce(reconciled.next_off, progress.start_off)
            and ended.off < progress.next_off
    ) as unaccounted
from silver.progress as progress
left join silver.reconciled as reconciled
    on
        progress.pipeline = reconciled.pipeline
        and progress.topic = reconciled.topic
        and progress.part = reconciled.part
