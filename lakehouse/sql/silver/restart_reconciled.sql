-- Forgets how far gold was compared, so that all of it is compared again.
update silver.reconciled
set
    next_off = progress.start_off,
    accounted_count = 0
from silver.progress as progress
where
    progress.pipeline = reconciled.pipeline
    and progress.topic = reconciled.topic
    and progress.part = reconciled.part
