"""The servers as fixtures; what ran, and what it was, is said at the end of the run."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.broker import Broker, Choice, Flavour, choose, start_broker, start_chosen
from tests.servers.postgres import fresh_database, postgres_server, version
from tests.servers.s3 import Bucket, make_bucket, s3_endpoint

_FIXTURES: Final = {
    "apache_kafka": "broker",
    "broker": "broker",
    "new_topic": "broker",
    "own_broker": "broker",
    "bucket": "S3",
    "s3_server": "S3",
    "postgres": "Postgres",
    "postgres_dsn": "Postgres",
}
_used = pytest.StashKey[dict[str, str]]()
_choice = pytest.StashKey[Choice]()
_WORKER_SAID: Final = "servers_used"
_numbers = itertools.count(1)

# The files that take longest come first: else one worker runs one of them alone at the end.
_LONGEST_FILES: Final = (
    "tests/ui/test_pages.py",
    "tests/lakehouse/gold/test_faults.py",
    "tests/faults/test_start_and_stop.py",
    "tests/ui/test_figures_equal.py",
    "tests/faults/test_lost_positions.py",
    "tests/ui/test_states.py",
    "tests/project/test_readme.py",
    "tests/lakehouse/reconcile/test_reconcile.py",
    "tests/ops/test_alerts.py",
    "tests/dataflows/test_produce.py",
)


@pytest.fixture(scope="session")
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The session's broker; every test makes topics of its own (`new_topic`)."""
    config = request.config
    running, config.stash[_choice] = start_chosen(
        config.stash[_choice], tmp_path_factory.mktemp("broker")
    )
    config.stash[_used]["broker"] = str(config.stash[_choice])
    yield running
    running.server.kill()


@pytest.fixture
def own_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker that the test may stop, kill, pause and start again."""
    choice = request.config.stash[_choice]
    folder = tmp_path / "broker"
    folder.mkdir()
    running = start_broker(choice.flavour, folder)
    request.config.stash[_used].setdefault("broker", str(choice))
    yield running
    running.server.kill()


@pytest.fixture
def apache_kafka(broker: Broker) -> Broker:
    """The session's broker if it is Apache Kafka, for what Tansu is known to do differently."""
    if broker.flavour is not Flavour.KAFKA:
        pytest.skip(f"needs Apache Kafka; this run has {broker.name}")
    return broker


@pytest.fixture
def new_topic(broker: Broker) -> Callable[..., str]:
    """Create a topic nobody else uses: `new_topic(partitions=3, config={...})` returns its name."""

    def make(*, partitions: int = 1, config: dict[str, str] | None = None) -> str:
        name = f"loan_applications_{next(_numbers)}"
        return broker.create_topic(name, partitions=partitions, config=config)

    return make


@pytest.fixture(scope="session")
def postgres_dsn(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The connection string of the session's Postgres server, as its superuser."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as dsn:
        request.config.stash[_used]["Postgres"] = f"embedded, {version(dsn)}"
        yield dsn


@pytest.fixture
def postgres(postgres_dsn: str) -> Iterator[str]:
    """The connection string of an empty database of this test's own."""
    with fresh_database(postgres_dsn, f"test_{next(_numbers)}") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def s3_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the session's S3 server."""
    with s3_endpoint() as endpoint:
        request.config.stash[_used]["S3"] = "moto, in process"
        yield endpoint


@pytest.fixture
def bucket(s3_server: str) -> Bucket:
    """An empty bucket of this test's own."""
    return make_bucket(s3_server, f"lake-{next(_numbers)}")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_used] = {}
    config.stash[_choice] = choose()
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Workers())


def pytest_report_header(config: pytest.Config) -> str:
    return f"servers: {config.stash[_choice]}; Postgres embedded; S3 by moto"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `server` what asks for one, which `-m "not server"` leaves out; order the files."""
    for item in items:
        if _FIXTURES.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker("server")
    ranks = {item.config.rootpath / path: rank for rank, path in enumerate(_LONGEST_FILES)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker of pytest-xdist used to the process that prints the summary."""
    if (said := getattr(session.config, "workeroutput", None)) is not None:
        said[_WORKER_SAID] = session.config.stash[_used]


class _Workers:
    """Hooks of pytest-xdist, registered only where it runs."""

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker used; one that crashed left nothing."""
        del error
        node.config.stash[_used].update(getattr(node, "workeroutput", {}).get(_WORKER_SAID, {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.config.option.collectonly:
        return
    used = terminalreporter.config.stash[_used]
    terminalreporter.section("real servers")
    for kind in dict.fromkeys(_FIXTURES.values()):
        terminalreporter.line(f"{kind}: {used.get(kind, 'not started, no test asked for it')}")
    skipped = Counter(map(_why, terminalreporter.getreports("skipped")))
    terminalreporter.line(f"skipped: {skipped.total() or 'nothing'}")
    for reason, count in skipped.most_common():
        terminalreporter.line(f"  {count} {'test' if count == 1 else 'tests'}: {reason}")


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    where = report.longrepr  # path, line and reason of a skip
    return str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")
