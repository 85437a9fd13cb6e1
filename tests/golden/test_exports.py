"""The real loans are decided alike, whatever program has saved them as a table."""

import csv
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.dataflows.files.seen import Seen

WHAT = (
    "applied_on", "pd", "points", "tier", "early_warning_flag", "dti_band", "util_band",
    "rate_band", "reasons", "model_reasons", "issues", "missing_inputs",
)  # fmt: skip


as_parquet = cache(Seen)


def by_pandas(table: Any, path: Path) -> None:
    table.to_csv(path)  # with its index, as most people do


def by_readr(table: Any, path: Path) -> None:
    """As `readr::write_csv`: NA for what is missing, numbers as short as can be."""
    rows = (map(_of_readr, row) for row in table.itertuples(index=False))
    _write(path, table, rows, quoting=csv.QUOTE_MINIMAL)


def by_spark(table: Any, path: Path) -> None:
    r"""As ``df.write.option("header", True).csv``: cells trimmed, a quote as ``\\"``."""
    rows = (map(_of_spark, row) for row in table.itertuples(index=False))
    _write(path, table, rows, doublequote=False, escapechar="\\")


def _is_missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "NaT"  # noqa: PLR0124  (NaN)


def _of_readr(value: Any) -> str:
    if _is_missing(value):
        return "NA"
    if isinstance(value, float):
        plain = f"{value:.15g}"
        digits = plain.rstrip("0")
        zeros = len(plain) - len(digits)
        is_short = value.is_integer() and zeros >= 5 and "e" not in plain
        return f"{digits}e{zeros}" if is_short else plain
    return str(value)


def _of_spark(value: Any) -> str:
    if _is_missing(value):
        return ""
    if isinstance(value, float):
        is_large = abs(value) >= 1e7
        return f"{value:.17E}".replace("E+0", "E") if is_large else repr(value)
    return str(value).strip()


def _write(path: Path, table: Any, rows: Iterator[Any], **form: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", **form)
        writer.writerow(table.columns)
        writer.writerows(rows)


@pytest.mark.parametrize("write", [by_pandas, by_readr, by_spark])
@pytest.mark.parametrize(
    ("name", "rows", "lacking"),
    [
        ("loans_raw_151.parquet", 4_275, 0),
        pytest.param("loans_union.parquet", 154_049, 5, marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(290)
def test_the_real_loans_are_decided_alike_in_every_form(
    shared_data: Path,
    tmp_path: Path,
    name: str,
    rows: int,
    lacking: int,
    write: Callable[[Any, Path], None],
) -> None:
    """Of the union 9,631 of the first 40,000 have no id: file and position stand in for it."""
    columnar = as_parquet(shared_data / name)
    assert (columnar.count, columnar.refused.total()) == (rows - lacking, lacking)
    assert {*columnar.refused} <= {"missing_field"}
    path = tmp_path / "loans.csv"
    write(pq.read_table(shared_data / name).to_pandas(), path)
    seen = Seen(path)
    assert seen.refused == columnar.refused, seen.reasons[:3]
    for column in WHAT:
        np.testing.assert_array_equal(seen.decided[column], columnar.decided[column], column)
