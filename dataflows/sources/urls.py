"""Read a URL that names where applications come from or go to.

::

    kafka://HOST:PORT[,HOST2:PORT2]/TOPIC                      one topic of a Kafka cluster
    file://PATH, or a bare path, a folder or a pattern         JSONL, CSV or Parquet
    sim://[?rate=][&seed=][&limit=][&scenario=]                the simulator
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

from dataflows.files.forms import FileForms
from lakehouse.errors import SettingsInvalid
from lakehouse.kafka.address import KafkaSource, parse_kafka
from risk.simulation.scenarios import SCENARIOS

FORMS = "kafka://HOST:PORT/TOPIC, file://PATH (or a bare path), sim://?rate=200&seed=1"
MAX_SEED = 2**32 - 1
MIN_RATE, MAX_RATE = 0.001, 1_000_000


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file, a folder or a pattern as it was written; `dataflows.sources.files` resolves it.

    Attributes
    ----------
    forms
        What is said of files whose content does not tell how to read them.
    """

    path: str
    forms: FileForms = field(default_factory=FileForms)

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class SimSource:
    """The simulator.

    Attributes
    ----------
    rate
        Events a second; 0 is as fast as they are taken.
    seed
        The same seed gives the same applications.
    limit
        How many events there are in all; ``None`` is without end.
    scenario
        One of ``risk.simulation.scenarios.SCENARIOS``.
    """

    rate: float = 200.0
    seed: int = 1
    limit: int | None = None
    scenario: str = "none"

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"&limit={self.limit}"
        return f"sim://?rate={self.rate:g}&seed={self.seed}{limit}&scenario={self.scenario}"


Source: TypeAlias = KafkaSource | FileSource | SimSource


def parse_source(url: str, *, name: str = "RISK_SOURCE", forms: FileForms | None = None) -> Source:
    """Read a source's URL.

    Parameters
    ----------
    url
        One of the forms of this module's docstring.
    name
        The setting or option that holds it, for the error message.
    forms
        How to read files, where their content does not tell.

    Raises
    ------
    SettingsInvalid
        The form, a parameter or a number is not understood. A password never appears in the
        message.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        if not scheme or "\0" in scheme:
            raise SettingsInvalid(f"{name} is empty or holds a NUL: expected one of {FORMS}")
        return FileSource(scheme, forms or FileForms())
    match scheme.lower():
        case "kafka":
            return parse_kafka(url, name=name)
        case "file":
            return _file(rest, name, forms or FileForms())
        case "sim":
            return _simulation(rest, name)
    raise SettingsInvalid(f"{name} begins with {scheme}://: expected one of {FORMS}")


def _file(rest: str, name: str, forms: FileForms) -> FileSource:
    path = unquote(rest)
    if not path or "\0" in path:
        raise SettingsInvalid(f"{name} names no file: expected file://PATH or a bare path")
    return FileSource(path, forms)


def _simulation(rest: str, name: str) -> SimSource:
    place, _, query = rest.partition("?")
    if place.strip("/"):
        raise SettingsInvalid(
            f"{name}: {place!r} after sim:// is not understood: expected parameters only, as in "
            "sim://?rate=200&seed=1"
        )
    given: dict[str, str] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        if key not in SIM_PARAMETERS:
            raise SettingsInvalid(
                f"{name}: the simulator knows no {key!r}: expected {', '.join(SIM_PARAMETERS)}"
            )
        if key in given:
            raise SettingsInvalid(f"{name}: {key} is given twice: expected it once")
        given[key] = text.strip()
    return _sim_source({key: text for key, text in given.items() if text}, name)


SIM_PARAMETERS = ("rate", "seed", "limit", "scenario")


def _sim_source(given: Mapping[str, str], name: str) -> SimSource:
    usual = SimSource()
    scenario = given.get("scenario", usual.scenario)
    if scenario not in SCENARIOS:
        raise SettingsInvalid(
            f"{name}: no scenario is called {scenario!r}: expected one of {', '.join(SCENARIOS)}"
        )
    return SimSource(
        rate=parse_rate(given["rate"], name=f"{name}: rate") if "rate" in given else usual.rate,
        seed=_whole(given["seed"], f"{name}: seed", 0, MAX_SEED) if "seed" in given else usual.seed,
        limit=_whole(given["limit"], f"{name}: limit", 1, 2**62) if "limit" in given else None,
        scenario=scenario,
    )


def parse_rate(text: str, *, name: str) -> float:
    """Read a rate, events a second.

    Raises
    ------
    SettingsInvalid
        It is neither 0 (as fast as they are taken) nor a number from 0.001 to 1,000,000.
    """
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if rate != 0 and not MIN_RATE <= rate <= MAX_RATE:
        raise SettingsInvalid(
            f"{name} is {text!r}: expected events a second, {MIN_RATE:g} to {MAX_RATE:g}, or 0 for "
            "as fast as they are taken"
        )
    return rate


def _whole(text: str, what: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(high))):
        raise SettingsInvalid(f"{what} is {text!r}: expected a whole number, {low} to {high}")
    number = int(text)
    if not low <= number <= high:
        raise SettingsInvalid(f"{what} is {text}: expected a whole number, {low} to {high}")
    return number
