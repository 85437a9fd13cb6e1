"""Prometheus' rules and Alertmanager's routes, made quicker: every window and wait divided.

The expressions, thresholds and labels stay as they are shipped.
"""

import re
from pathlib import Path
from typing import Final

from tests.project.tree import ROOT

_RULES: Final = ROOT / "ops" / "prometheus" / "rules"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WINDOW: Final = re.compile(r"\[(\d+)([smhd])\]")
_FOR: Final = re.compile(r"\bfor: (\d+)([smhd])\b")
_WAITS: Final = {"group_wait: 10s": "group_wait: 0s", "group_interval: 30s": "group_interval: 1s"}
_SCRAPES: Final = {
    "scrape_interval: 5s": "scrape_interval: 1s",
    "evaluation_interval: 5s": "evaluation_interval: 1s",
    # The exporter gives a store that hangs 5 s.
    "scrape_interval: 15s": "scrape_interval: 7s",
    "scrape_timeout: 10s": "scrape_timeout: 7s",
}


def hastened_rules(into: Path, by: int) -> Path:
    """Write the rules with every window and every `for` divided by so much; return their folder.

    A window stays long enough for a few scrapes, a second apart.
    """
    into.mkdir()
    for path in _RULES.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        if by > 1:
            text = _WINDOW.sub(lambda found: f"[{max(6, _seconds(found) // by)}s]", text)
            text = _FOR.sub(lambda found: f"for: {max(1, _seconds(found) // by)}s", text)
        (into / path.name).write_text(text, encoding="utf-8")
    return into


def hastened_waits(text: str) -> str:
    """Return a configuration of Prometheus or Alertmanager that looks and sends at once."""
    for shipped, quick in {**_WAITS, **_SCRAPES}.items():
        text = text.replace(shipped, quick)
    return text


def _seconds(found: re.Match[str]) -> int:
    return int(found[1]) * _SECONDS[found[2]]
