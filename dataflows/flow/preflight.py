"""Before the first event: everything must answer, and every partition must know its start."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dataflows.flow.input import PositionedSource
from dataflows.flow.metrics import serve_metrics
from dataflows.flow.output import GoldSink
from dataflows.flow.positions import start_of
from dataflows.flow.run_counts import Account
from dataflows.flow.status import StatusLine
from dataflows.flow.steps import Judge, Store
from dataflows.sources.partitions import partitions_of
from lakehouse.gold.appender import GoldAppender, GoldWriter, last_offs, open_gold
from lakehouse.postgres.connection import Patience
from lakehouse.postgres.migrate import migrate
from lakehouse.rules.in_force import open_rules, versions_of
from lakehouse.silver import claims
from lakehouse.silver.writer import SilverWriter
from risk.contract.application import Limits
from risk.ingest.native.reader import IS_COMPILED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dataflows.flow.cluster import Place
    from dataflows.flow.lifecycle import Lifecycle
    from dataflows.flow.positions import Start
    from dataflows.sources.batches import Reader
    from dataflows.sources.partitions import Partition
    from lakehouse.gold.appender import Slot
    from lakehouse.settings.settings import Settings
    from lakehouse.silver.claims import Progress

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Run:
    """The parts of a run, all of them ready."""

    source: PositionedSource
    judge: Judge
    store: Store
    gold: GoldSink


def prepare(settings: Settings, lifecycle: Lifecycle, place: Place) -> Run:
    """Check what the run depends on, claim the pipeline and find where each partition starts.

    In a cluster each process does so for itself, but only the first one claims and records.

    Raises
    ------
    LakehouseError
        With an exit code: what failed, where, and what to do.
    """
    stack = ExitStack()
    lifecycle.on_end(stack.close)
    partitions, is_bounded = partitions_of(settings)
    patience = Patience(settings.retry_seconds, is_stopping=lambda: lifecycle.is_stopping)
    gold = open_gold(settings.lake_uri, pipeline=settings.pipeline, patience=patience)
    dsn = stack.enter_context(claims.open_silver(settings))
    migrate(dsn)
    rules = open_rules(settings, dsn)
    stack.callback(rules.close)
    token = claims.claim(dsn, settings.pipeline) if place.leads else None
    starts = _starts(settings, dsn, token, partitions, gold)

    account = Account(is_bounded=is_bounded)
    serve_metrics(settings.metrics_address)
    status = StatusLine(account) if place.leads else StatusLine(account, to_terminal=False)
    stack.callback(status.close)
    status.start()
    log.info(
        "started",
        source=settings.source,
        **versions_of(rules()),
        token=token,
        compiled=IS_COMPILED,
        starts={partition.key: starts[partition.key].off for partition in partitions},
    )
    rules.watch()
    return Run(
        source=PositionedSource(
            {
                partition.key: _opener(partition, starts[partition.key].off, account)
                for partition in partitions
            },
            lifecycle,
            allowed_latency_seconds=settings.allowed_latency_ms / 1000,
        ),
        judge=Judge(rules, Limits(max_bytes=settings.max_event_bytes)),
        store=Store(partial(_writer, dsn, settings, token, patience), account),
        gold=GoldSink(
            list(gold),
            partial(_appender, settings, patience, account, stack),
            lifecycle,
            place,
        ),
    )


def _writer(dsn: str, settings: Settings, token: int | None, patience: Patience) -> SilverWriter:
    # Called with the first batch: by then every process of the cluster has started, so the token
    # is the one that the first of them raised.
    held = claims.held(dsn, settings.pipeline) if token is None else token
    return SilverWriter(dsn, settings.pipeline, held, patience=patience)


def _appender(
    settings: Settings,
    patience: Patience,
    account: Account,
    stack: ExitStack,
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
    return appender


def _opener(partition: Partition, start: int, account: Account) -> Callable[[], Reader]:
    return lambda: account.watch(partition.open(start=start))


def _starts(
    settings: Settings,
    dsn: str,
    token: int | None,
    partitions: Sequence[Partition],
    gold: Mapping[str, GoldWriter],
) -> Mapping[str, Start]:
    known = claims.positions(dsn, settings.pipeline)
    in_gold = last_offs(gold, [(each.topic, each.part) for each in partitions])
    starts = {
        partition.key: _start(
            partition, known, in_gold, may_skip=bool(settings.allow_position_loss)
        )
        for partition in partitions
    }
    if token is not None:
        for partition in partitions:
            _record(settings, dsn, token, partition, starts[partition.key])
    return starts


def _start(
    partition: Partition,
    known: Mapping[tuple[str, int], Progress],
    in_gold: Mapping[Slot, Mapping[str, int | None]],
    *,
    may_skip: bool,
) -> Start:
    where = (partition.topic, partition.part)
    progress = known.get(where)
    return start_of(
        partition.key,
        low=partition.low,
        high=partition.high,
        next_off=None if progress is None else progress.next_off,
        start_off=None if progress is None else progress.start_off,
        gold_last_offs=in_gold[where].values(),
        may_skip=may_skip,
    )


def _record(settings: Settings, dsn: str, token: int, partition: Partition, start: Start) -> None:
    """Keep the first start of a partition, and a loss that was allowed."""
    if start.is_first:
        claims.record_start(
            dsn,
            settings.pipeline,
            token,
            topic=partition.topic,
            part=partition.part,
            start_off=start.off,
        )
    if start.skipped_from is not None:
        claims.accept_loss(
            dsn,
            settings.pipeline,
            token,
            topic=partition.topic,
            part=partition.part,
            lost=range(start.skipped_from, start.off),
            reason=settings.allow_position_loss,
        )
