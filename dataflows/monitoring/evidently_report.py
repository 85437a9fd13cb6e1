"""Evidently's reports on a bounded sample; they illustrate, and our own figures decide.

Evidently bins reference and current together, so its PSI differs from ours: it gives 0.360 for a
1.5-fold rise of incomes, and 0.005 once one income is 9 million. Each report says so. Importing
Evidently takes seconds, so only this module imports it, and only when it renders a report.
"""

import warnings
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

SAMPLE_ROWS: Final = 4_000
"""Rows of a sample, current and reference each: what keeps the job within its memory."""

_TEXTS: Final = ("purpose", "home_ownership")
_NOTE: Final = (
    '<p style="font:14px sans-serif;margin:12px">Rendered by Evidently on a sample of {rows:,} '
    "decisions, against {before:,} of the year before. It illustrates: its bins are made of both "
    "samples together, so its PSI is not the one that alarms. The figures that decide are in the "
    "table <code>drift</code>.</p>"
)


def render(current: pa.Table, reference: pa.Table) -> Iterator[tuple[str, bytes]]:
    """Yield kind and content of each report: data drift, and classification where outcomes are.

    A column without a value in either sample is left out; with no column left, or no row, there is
    no report.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from _drift(current, reference)
        yield from _classification(current)


def _drift(current: pa.Table, reference: pa.Table) -> Iterator[tuple[str, bytes]]:
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    names = [
        name
        for name in current.column_names
        if name != "defaulted" and _has_values(current, name) and _has_values(reference, name)
    ]
    if not names:
        return
    definition = DataDefinition(
        numerical_columns=[name for name in names if name not in _TEXTS],
        categorical_columns=[name for name in names if name in _TEXTS],
    )
    now, before = (
        Dataset.from_pandas(each.select(names).to_pandas(), data_definition=definition)
        for each in (current, reference)
    )
    yield from _documents("data_drift", Report([DataDriftPreset()]).run(now, before), current,
                          reference)  # fmt: skip


def _classification(current: pa.Table) -> Iterator[tuple[str, bytes]]:
    from evidently import BinaryClassification, DataDefinition, Dataset, Report  # noqa: PLC0415
    from evidently.presets import ClassificationPreset  # noqa: PLC0415

    known = current.filter(current.column("defaulted").is_valid()).select(["pd", "defaulted"])
    if len(known.column("defaulted").unique()) < 2:  # noqa: PLR2004 - both outcomes
        return
    frame = known.to_pandas()
    frame["defaulted"] = frame["defaulted"].astype(int)
    definition = DataDefinition(
        classification=[
            BinaryClassification(target="defaulted", prediction_probas="pd", pos_label=1)
        ],
    )
    data = Dataset.from_pandas(frame, data_definition=definition)
    report = Report([ClassificationPreset()]).run(data, None)
    yield from _documents("classification", report, known, known.slice(0, 0))


def _documents(
    kind: str, report: Any, current: pa.Table, reference: pa.Table
) -> Iterator[tuple[str, bytes]]:
    note = _NOTE.format(rows=current.num_rows, before=reference.num_rows)
    html = report.get_html_str(as_iframe=False)
    yield f"{kind}.html", html.replace("<body>", f"<body>{note}", 1).encode()
    yield f"{kind}.json", report.json().encode()


def _has_values(rows: pa.Table, name: str) -> bool:
    column = rows.column(name)
    return bool(column.null_count < len(column))
