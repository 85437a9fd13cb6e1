"""Turn figures into tidy rows: drift, performance and data quality of each period."""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import pyarrow as pa

from lakehouse.monitoring.drift import DriftPeriod
from lakehouse.monitoring.figures import Figure
from lakehouse.monitoring.performance import Performance
from risk.monitoring.performance import Estimate

ALL: Final = "all"
_FEATURE_FIGURES: Final = (
    "psi",
    "noise",
    "p_value",
    "adjusted_p",
    "ks_shift",
    "wasserstein",
    "missing_share",
    "unseen_share",
    "points",
    "pd",
    "expected_loss_usd",
)
_BOOK_FIGURES: Final = ("points", "pd", "expected_loss_usd", "curvature")


def drift_rows(periods: list[DriftPeriod], *, model_version: str) -> Iterator[Figure]:
    """Yield each feature's figures and the book's, by period."""
    for each in periods:
        shift, rows = each.shift, each.shift.decisions
        if not shift.features:
            yield _none(each.period, model_version, ALL, "psi", rows)
            continue
        for name in _BOOK_FIGURES:
            yield Figure(each.period, model_version, ALL, name, getattr(shift, name), rows)
        for feature in shift.features:
            for name in _FEATURE_FIGURES:
                value = getattr(feature, name)
                yield Figure(
                    each.period,
                    model_version,
                    feature.feature,
                    name,
                    value,
                    rows,
                    is_alarm=name == "psi" and feature.is_alarm,
                    note="" if value is not None else "does not apply to this feature or period",
                )


def performance_rows(found: Performance, *, period: date, model_version: str) -> Iterator[Figure]:
    """Yield what was known at a period's end of one term: of all mature vintages, and of each."""
    subject = f"term {found.term_months}"
    judged = found.judged
    if judged.too_few:
        yield Figure(period, model_version, subject, "auc", None, judged.loans, note=judged.too_few)
    else:
        estimates: dict[str, Estimate | None] = {
            "auc": judged.auc,
            "gini": judged.gini,
            "actual_over_expected": judged.actual_over_expected,
            "in_the_large": judged.calibration.in_the_large if judged.calibration else None,
        }
        plain = {
            "ks_separation": judged.ks_separation,
            "brier": judged.brier,
            "slope": judged.calibration.slope if judged.calibration else None,
        }
        for name, each in estimates.items():
            yield _estimate(period, model_version, subject, name, each, judged.loans)
        for name, value in plain.items():
            yield Figure(period, model_version, subject, name, value, judged.loans)
    for reason, loans in found.left_out.items():
        yield Figure(
            period, model_version, subject, f"left out: {reason}", float(loans), loans, note=reason
        )
    share = found.grade.auc_held / found.grade.vintages if found.grade.vintages else None
    yield Figure(
        period,
        model_version,
        subject,
        "estimates_held",
        share,
        found.grade.vintages,
        note=found.grade.verdict,
    )
    for vintage in found.vintages[-1:]:
        if vintage.expected is not None:
            yield _estimate(
                period,
                model_version,
                f"{subject}, vintage {vintage.vintage}",
                "estimated_auc",
                vintage.expected.auc,
                vintage.expected.loans,
                note=found.grade.verdict,
            )


def quality_rows(nulls: pa.Table, issues: pa.Table, *, model_version: str) -> Iterator[Figure]:
    """Yield missing shares and what cleaning noticed, by field and period."""
    for row in nulls.to_pylist():
        yield Figure(
            row["period"], model_version, row["field"], "missing_share", row["share"],
            row["decisions"],
        )  # fmt: skip
    for row in issues.to_pylist():
        yield Figure(
            row["period"],
            model_version,
            row["field"] or ALL,
            f"issue: {row['issue']}",
            row["share"],
            _decisions(row),
        )


def _decisions(row: Mapping[str, Any]) -> int:
    return round(row["decisions"] / row["share"]) if row["share"] else 0


def _estimate(
    period: date,
    model_version: str,
    subject: str,
    name: str,
    found: Estimate | None,
    rows: int,
    *,
    note: str = "",
) -> Figure:
    if found is None:
        return Figure(period, model_version, subject, name, None, rows, note="no line fits best")
    low, high = (each if math.isfinite(each) else None for each in (found.low, found.high))
    return Figure(
        period, model_version, subject, name, found.value, rows, low=low, high=high, note=note
    )


def _none(period: date, model_version: str, subject: str, name: str, rows: int) -> Figure:
    return Figure(
        period, model_version, subject, name, None, rows, note=f"not enough data (n = {rows})"
    )
