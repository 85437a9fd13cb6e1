"""Before the first event: every dependency must answer, every partition must have a start."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import structlog

from dataflows.flow.cluster import ClusterPlace
from dataflows.flow.input import PositionedSource
from dataflows.flow.lifecycle import Lifecycle, stopping_on_failure
from dataflows.flow.metrics import serve_metrics
from dataflows.flow.output import GoldSink
from dataflows.flow.run_counts import RunCounts
from dataflows.flow.start.starts import PlacedPartition, find_starts
from dataflows.flow.start.topic_watch import TopicWatch
from dataflows.flow.status import StatusLine
from dataflows.flow.steps import Judge, Store
from dataflows.flow.summary import tell, verdict_on
from dataflows.sources.batches import Reader
from dataflows.sources.partitions import SourceParts, partitions_of
from lakehouse.gold.appender import GoldAppender, open_gold
from lakehouse.gold.writer import GoldWriter
from lakehouse.postgres.connection import Patience
from lakehouse.postgres.migrate import migrate
from lakehouse.rules.in_force import limits_of, open_rules, versions_of
from lakehouse.settings.settings import Settings
from lakehouse.silver import claims
from lakehouse.silver.writer import SilverWriter
from risk.ingest.native.reader import IS_COMPILED

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Run:
    """The parts of a run, all of them ready."""

    source: PositionedSource
    judge: Judge
    store: Store
    gold: GoldSink


def prepare(settings: Settings, lifecycle: Lifecycle, place: ClusterPlace) -> Run:
    """Check what the run depends on, claim the pipeline and find where each partition starts.

    In a cluster each process does so for itself, but only the first one claims and records.

    Raises
    ------
    LakehouseError
        With an exit code: what failed, where, and what to do.
    """
    stack = ExitStack()
    lifecycle.on_end(stack.close)
    found = partitions_of(settings)
    patience = Patience(settings.retry_seconds, is_stopping=lambda: lifecycle.is_stopping)
    gold = open_gold(settings.lake_uri, pipeline=settings.pipeline, patience=patience)
    dsn = stack.enter_context(claims.open_silver(settings))
    migrate(dsn)
    rules = open_rules(settings, dsn)
    stack.callback(rules.close)
    token = claims.claim(dsn, settings.pipeline) if place.leads else None
    placed = find_starts(
        settings,
        dsn,
        token,
        found.partitions,
        gold,
        ask_again=lambda: partitions_of(settings).partitions,
    )
    _say_of_topic(found)

    account = RunCounts(is_bounded=found.is_bounded)
    serve_metrics(settings.metrics_address, process=place.index)
    is_fresh = all(each.start.is_first for each in placed)
    stack.callback(_end, settings, lifecycle, account, may_fail=is_fresh, place=place)
    status = StatusLine(account) if place.leads else StatusLine(account, to_terminal=False)
    stack.callback(status.close)
    is_native = settings.native == "on"
    status.start()
    log.info(
        "started",
        source=settings.source,
        **versions_of(rules()),
        token=token,
        compiled=IS_COMPILED and is_native,
        starts={each.key: each.start.off for each in placed},
        reading={each.key: each.partition.said for each in placed if each.partition.said},
    )
    rules.watch()
    _watch_topic(found, lifecycle)
    return Run(
        source=PositionedSource(
            {each.key: _opener(each, account) for each in placed},
            lifecycle,
            allowed_latency_seconds=settings.allowed_latency_ms / 1000,
        ),
        judge=Judge(rules, limits_of(settings)),
        store=Store(partial(_writer, dsn, settings, token, patience), account),
        gold=GoldSink(
            list(gold),
            partial(_appender, settings, patience, account, stack, lifecycle),
            lifecycle,
            place,
        ),
    )


def _end(
    settings: Settings,
    lifecycle: Lifecycle,
    account: RunCounts,
    *,
    may_fail: bool,
    place: ClusterPlace,
) -> None:
    """Tell what became of a source that ended; a whole file of which nothing was decided fails."""
    if lifecycle.is_stopping and not account.is_bounded:
        return
    tell(account, settings.source)
    is_whole = account.is_bounded and not lifecycle.is_stopping and place.count == 1
    if is_whole and (may_fail or account.totals().read):
        failure = verdict_on(account, settings.source)
        if failure is not None:
            lifecycle.fail_at_end(failure)


def _writer(dsn: str, settings: Settings, token: int | None, patience: Patience) -> SilverWriter:
    # Called with the first batch: by then every process of the cluster has started, so the token
    # is the one that the first of them raised.
    held = claims.held(dsn, settings.pipeline) if token is None else token
    return SilverWriter(dsn, settings.pipeline, held, patience=patience)


def _appender(
    settings: Settings,
    patience: Patience,
    account: RunCounts,
    stack: ExitStack,
    lifecycle: Lifecycle,
    table: str,
) -> GoldAppender:
    # Not the handle of the preflight: that one knows the positions of every partition, and another
    # process' commit would look like a stranger's.
    writer = GoldWriter(settings.lake_uri, table, pipeline=settings.pipeline, patience=patience)
    appender = GoldAppender(
        writer,
        max_rows=settings.gold_flush_rows,
        max_bytes=settings.gold_flush_mib << 20,
        max_seconds=settings.gold_flush_seconds,
        on_commit=account.gold_committed,
    )
    stack.callback(appender.close)
    stack.callback(_take_positions, appender, lifecycle)
    return appender


def _take_positions(appender: GoldAppender, lifecycle: Lifecycle) -> None:
    """Commit, at an end in good order, the positions that wait for no row.

    The engine tells a sink of an epoch's end only where the epoch had data for it.
    """
    if lifecycle.is_draining:
        stopping_on_failure(appender.flush)(wait=True)


def _opener(placed: PlacedPartition, account: RunCounts) -> Callable[[], Reader]:
    opened = partial(
        placed.partition.open,
        start=placed.start.off,
        named=placed.topic,
        part=placed.partition.part,
    )
    return lambda: account.watch(opened(), placed.start.off)


def _say_of_topic(found: SourceParts) -> None:
    """Say what cannot be proved, or cannot be had, of a topic as it is."""
    if found.facts is None:
        return
    topic = found.partitions[0].topic
    if found.facts.topic_id is None:
        log.warning(
            "topic_has_no_id",
            topic=topic,
            what="the broker gives topics no ids: one that is deleted and recreated is noticed "
            "only where it is shorter than what was read",
        )
    if found.facts.is_compacted:
        log.warning(
            "topic_is_compacted",
            topic=topic,
            what="events that are compacted away before they are read are never seen; the account "
            "counts their offsets as without an event",
        )


def _watch_topic(found: SourceParts, lifecycle: Lifecycle) -> None:
    if found.inspector is None or found.facts is None:
        return
    topic = found.partitions[0].topic
    watch = TopicWatch(topic, found.facts, found.inspector.facts, lifecycle.stop_for)
    lifecycle.on_end(watch.close)
    watch.start()
