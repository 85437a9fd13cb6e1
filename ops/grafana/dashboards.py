"""Write Grafana's dashboards from boards.yml: ``just dashboards``.

The JSON in `dashboards` is what Grafana provisions. A test keeps it equal to what this writes, and
runs every query by a Prometheus that scraped the running system.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

HERE: Final = Path(__file__).parent
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")

Board = dict[str, Any]


def boards() -> list[Board]:
    """Return the dashboards as boards.yml states them."""
    found: list[Board] = yaml.safe_load((HERE / "boards.yml").read_text(encoding="utf-8"))
    return found


def queries(board: Board) -> Iterator[tuple[str, str]]:
    """Yield the panel's title and the expression of every query of a board."""
    for row in board["rows"]:
        for panel in row["panels"]:
            for query in panel["queries"]:
                yield panel["title"], query["expr"]


def as_json(board: Board) -> str:
    """Return a board as Grafana reads it."""
    built = (
        dashboard.Dashboard(board["title"])
        .uid(board["uid"])
        .description(board["says"])
        .tags(["credit-risk-monitor"])
        .timezone("utc")
        .refresh("10s")
        .time("now-1h", "now")
        .readonly()
    )
    for row in board["rows"]:
        built.with_row(dashboard.Row(row["row"]))
        for panel in row["panels"]:
            built.with_panel(_panel(panel))
    return str(JSONEncoder(sort_keys=True, indent=2).encode(built.build())) + "\n"


def _panel(panel: dict[str, Any]) -> stat.Panel | timeseries.Panel:
    built = stat.Panel().height(4) if panel.get("kind") == "stat" else _lines()
    built.title(panel["title"]).description(panel["says"]).unit(panel["unit"])
    built.span(panel["width"]).datasource(SOURCE)
    for query in panel["queries"]:
        asked = prometheus.Dataquery().expr(query["expr"]).datasource(SOURCE)
        built.with_target(asked.legend_format(query.get("legend", "")))
    return built


def _lines() -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    return timeseries.Panel().height(8).min(0).legend(legend)


def main() -> int:
    """Write every dashboard."""
    folder = HERE / "dashboards"
    folder.mkdir(exist_ok=True)
    for board in boards():
        (folder / f"{board['uid']}.json").write_text(as_json(board), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
