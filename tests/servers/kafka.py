"""Apache Kafka from Maven Central: one KRaft node on loopback, no ZooKeeper, no container."""

import functools
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from typing import Final

from tests.servers.cache import cache_folder
from tests.servers.process import Server, ServerDidNotStart

_HERE: Final = Path(__file__).parent
_POM: Final = _HERE / "kafka.pom.xml"
VERSION: Final = ET.parse(_POM).findtext(".//dependency[artifactId='kafka_2.13']/version")
_JAVA_NEEDED: Final = 17
_RESOLVE_SECONDS: Final = 600
_FORMAT_SECONDS: Final = 60
_JARS: Final = "jars"
_FORMATTED: Final = "data"
# A message may be 16 MiB, larger than any poison event. A killed node that comes back waits until
# its former session has run out. The quorum is named here, so a formatted folder holds no port.
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
default.replication.factor=1
group.initial.rebalance.delay.ms=0
log.initial.task.delay.ms=100
log.retention.check.interval.ms=500
message.max.bytes=16777216
num.io.threads=2
num.network.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
"""


def why_unavailable() -> str | None:
    """Say why this machine cannot run Apache Kafka, or None when it can."""
    if shutil.which("java") is None:
        return "java is not on PATH"
    if (found := _java_version()) < _JAVA_NEEDED:
        return f"java is version {found}, Kafka {VERSION} needs {_JAVA_NEEDED} or later"
    if not _home().is_dir() and shutil.which("mvn") is None:
        return f"mvn is not on PATH, and {_home()} is absent"
    return None


def kafka_server(folder: Path, port: int, controller: int) -> Server:
    """Lay out a node in `folder`; started, it listens on `port` and keeps its data on restart.

    Raises
    ------
    ServerDidNotStart
        Maven could not resolve the jars, or Kafka could not format its folder.
    """
    home = _ready_home()
    shutil.copytree(home / _FORMATTED, folder / _FORMATTED)
    properties = _write_properties(folder, port=port, controller=controller)
    return Server([*_java(home), "kafka.Kafka", str(properties)], log=folder / "log")


def _home() -> Path:
    recipe = zlib.crc32(_POM.read_bytes() + _PROPERTIES.encode())
    return cache_folder() / f"kafka-{VERSION}-{recipe:08x}"


def _ready_home() -> Path:
    """Return the folder of jars and of a formatted node, made on first use, whole or not at all."""
    home = _home()
    if home.is_dir():
        return home
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="kafka-") as scratch:
        fresh = Path(scratch) / "home"
        fresh.mkdir()
        maven = ["mvn", "-q", "-B", "-ntp", "--strict-checksums", "-Dstyle.color=never"]
        maven += ["-f", str(_POM), f"-Dmaven.repo.local={scratch}/repository"]
        maven += ["dependency:copy-dependencies", f"-DoutputDirectory={fresh / _JARS}"]
        _run(maven, seconds=_RESOLVE_SECONDS)
        properties = _write_properties(fresh, port=9092, controller=9093)
        tool = [*_java(fresh), "kafka.tools.StorageTool", "format", "--config", str(properties)]
        _run([*tool, "--cluster-id", "AAAAAAAAQACAAAAAAAAAAA"], seconds=_FORMAT_SECONDS)
        try:
            fresh.rename(home)
        except OSError:
            if not home.is_dir():  # else another run was quicker
                raise
    return home


def _java(home: Path) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={_HERE / 'kafka.log4j2.properties'}"
    # Compiled once and plainly: a broker that lives for seconds never earns the thorough compiler's
    # work back, and that would run on the cores that are measured.
    options = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", logging]
    return ["java", *options, "-cp", f"{home / _JARS}{os.sep}*"]


def _write_properties(folder: Path, *, port: int, controller: int) -> Path:
    path = folder / "server.properties"
    text = _PROPERTIES.format(port=port, controller=controller, data=folder / _FORMATTED)
    path.write_text(text, encoding="utf-8")
    return path


@functools.cache
def _java_version() -> int:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(match[1]) if match else 0


def _run(command: list[str], *, seconds: float) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise ServerDidNotStart(f"{command[0]} did not finish in {seconds:.0f} s") from exc
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2_000:]
        raise ServerDidNotStart(f"{command[0]} exited with {done.returncode}:\n{said}")
