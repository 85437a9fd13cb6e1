"""A model's card: what it is for, what it was fitted on, what it says and how well, as Markdown.

Holds aggregated figures only. The same model and figures always give the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from risk.features import CATALOGUE
from risk.fit import SMALLEST_SPREAD
from risk.performance import Band, Calibration, Estimate
from risk.scorecard import Scorecard
from risk.scorecard_document import Bin, Characteristic, Steps

__all__ = ["Figures", "OutOfTime", "Vintage", "render"]


@dataclass(frozen=True, slots=True)
class Figures:
    """How one model did on the months kept apart."""

    loans: int
    defaults: int
    calibration: Calibration
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Vintage:
    """Loans issued in one quarter."""

    first_month: str
    last_month: str
    loans: int
    default_rate: float
    mean_pd: float


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """What came of the months kept apart: for each model by name, and for the first in detail."""

    file_name: str
    excluded: Mapping[str, int]
    first_month: str
    last_month: str
    figures: Sequence[tuple[str, Figures]]
    deciles: Sequence[Band]
    vintages: Sequence[Vintage]


_PURPOSE = """\
Probability that a personal loan ends charged off rather than fully paid, over its whole life, from
what is known when the application is made. It orders applications and puts a figure on each for
monitoring and backtesting; it decides nothing, and it was not built to price loans."""

_METHOD = """\
- **Bins.** Limits are round figures chosen beforehand; one that would leave fewer than 0.5 % of the
  loans in a bin is dropped. Missing and unseen values have bins of their own, worth the average
  (0 points) unless the loans say otherwise and are enough to say so.
- **Weights.** One logistic regression on all bins together, with a ridge penalty on the increments
  from bin to bin (`risk/additive.py`), which may not go against the direction that credit sense
  gives a feature: PD rises, or falls, with it throughout. WoE is shown as the evidence of each bin
  alone; points differ from it where other features already say the same.
- **Points.** {pdo:g} more points double the odds of repaying; {anchor_points:g} points are odds of
  {anchor_odds:g} to 1, a PD of {anchor_pd:.2%}. Higher is safer. The average application has
  {base_points} points, and the points of its bins are added to that. Points are whole numbers, so a
  PD does not depend on the batch or the machine: `PD = 1 / (1 + {anchor_odds:g} * 2^((points -
  {anchor_points:g}) / {pdo:g}))`. {lowest} to {highest} points are possible.
- **Calibration.** Log-odds of each loan from bins and weights fitted without it (five folds); the
  line of the outcomes on them, intercept {intercept:.4f} and slope {slope:.4f}, is in the points.
- **Joint applications.** Income is that of both applicants where the application gives it, under
  every policy; DTI too, where a model uses it.
- Fitted with {libraries}."""

_MONITORING = """\
- PSI of points and CSI of each feature, monthly, against the loans per bin given above and in the
  model's document; the reference owns the bins.
- Calibration (slope, intercept, mean PD to default rate) and Gini by vintage, for vintages that
  have matured: among recent loans the defaults are known first, the repayments last.
- The share of missing and unseen values per feature: a feed that loses a field moves everybody to
  the bin of the missing.
- Refit when the calibration slope of matured vintages leaves 0.8 to 1.2, when the default rate of
  two quarters in a row is off the mean PD by more than a third, or when a PSI stays above 0.25."""

_LIMITS = """\
- It saw accepted applications of one lender only: of those refused it knows nothing.
- Its level is that of the months it was fitted on. Another period, lender or economy has another
  default rate; the order carries over better than the level.
- "Defaulted" is charged off at any time; neither when nor how much was lost is said.
- Only loans with a final outcome count. Where a file holds loans that still run, leaving them out
  raises the default rate: give it months that have matured.
- A feature with few loans in a bin has points close to its neighbours' (the penalty); the counts
  are in the tables.
- Income and employment are as stated. FICO is the middle of a range of five points."""


def render(model: Scorecard, out_of_time: OutOfTime) -> str:
    """Return the card."""
    sections = {
        "Purpose": _PURPOSE,
        "Data": _data(model, out_of_time),
        "Method": _method(model),
        "Features": _features(model),
        "Out of time": _figures(out_of_time),
        "Deciles": _deciles(out_of_time.deciles),
        "Vintages": _vintages(out_of_time.vintages),
        "Points": "\n\n".join(map(_points, model.characteristics)),
        "Monitoring": _MONITORING,
        "Limits": _LIMITS,
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return (
        f"# {model.version}: probability of default of a personal loan\n\n"
        f"Document `{model.version}.json`, sha256 `{model.sha256}`, contract version "
        f"{model.contract_version}. Written by `python -m dataflows.train`; do not edit.\n\n"
        f"{body}\n"
    )


def _data(model: Scorecard, out_of_time: OutOfTime) -> str:
    fit = model.fit
    kept_apart = out_of_time.figures[0][1]
    left_out = [f"{count:,} {reason}" for reason, count in out_of_time.excluded.items()]
    return f"""\
- File `{out_of_time.file_name}`, sha256 `{fit.data_sha256}`.
- Left out: {"; ".join(left_out) or "nothing"}.
- A loan defaulted if it is "Charged Off", and did not if it is "Fully Paid".
- Fitted on {_loans(fit.loans, fit.defaults)} issued {fit.first_month} to {fit.last_month}.
- Judged on {_loans(kept_apart.loans, kept_apart.defaults)} issued {out_of_time.first_month} to
  {out_of_time.last_month}, which nothing here was fitted on."""


def _loans(loans: int, defaults: int) -> str:
    return f"{loans:,} loans ({defaults:,} defaulted, {defaults / loans:.2%})"


def _method(model: Scorecard) -> str:
    scale = model.scale
    lowest, highest = model.points_range
    return _METHOD.format(
        pdo=scale.pdo,
        anchor_points=scale.anchor_points,
        anchor_odds=scale.anchor_odds,
        anchor_pd=scale.pd(scale.anchor_points),
        base_points=model.base_points,
        lowest=lowest,
        highest=highest,
        intercept=model.fit.calibration_intercept,
        slope=model.fit.calibration_slope,
        libraries=", ".join(f"{name} {version}" for name, version in model.fit.libraries),
    )


def _features(model: Scorecard) -> str:
    used = [CATALOGUE[feature] for feature in model.features]
    table = _table(
        ["Feature", "Unit", "Event fields", "Meaning", "Known at application because"],
        (
            [
                f"`{feature.name}`",
                feature.unit,
                ", ".join(f"`{source}`" for source in feature.sources),
                feature.meaning,
                f"it is {feature.knowable_because}",
            ]
            for feature in used
        ),
    )
    left_out = ", ".join(f"`{feature}`" for feature in model.fit.left_out) or "none"
    lenders = ", ".join(f"`{f.name}`" for f in CATALOGUE.values() if f.origin == "lender")
    return (
        f"{table}\n\nCandidates left out, as beside the others their bins differ by less than "
        f"{SMALLEST_SPREAD:g} points: {left_out}. Never admitted: what the lender sets ({lenders}) "
        "and whatever happens after the application."
    )


def _figures(out_of_time: OutOfTime) -> str:
    (_, champion), *_ = out_of_time.figures
    rows = [
        [name, *(_estimate(figures.estimates[name]) for _, figures in out_of_time.figures)]
        for name in champion.estimates
    ]
    for label, field in (
        ("calibration intercept", "intercept"),
        ("mean PD", "mean_pd"),
        ("default rate", "default_rate"),
    ):
        values = (getattr(figures.calibration, field) for _, figures in out_of_time.figures)
        rows.append([label, *(f"{value:.3f}" for value in values)])
    return (
        "With 95 % intervals: DeLong's for AUC and Gini, of 500 bootstrap samples for the others. "
        "The reference is a logistic regression on the seven fields of the system that this one "
        "replaces, the lender's interest rate among them, fitted on the same loans.\n\n"
        + _table(["", *(name for name, _ in out_of_time.figures)], rows)
    )


def _estimate(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"


def _deciles(deciles: Sequence[Band]) -> str:
    return _table(
        ["Decile, worst first", "Mean PD", "Default rate", "Defaults captured", "Lift so far"],
        (
            [
                str(place),
                f"{band.mean_pd:.2%}",
                f"{band.default_rate:.2%}",
                f"{band.captured:.1%}",
                f"{band.lift:.2f}",
            ]
            for place, band in enumerate(deciles, 1)
        ),
    )


def _vintages(vintages: Sequence[Vintage]) -> str:
    return _table(
        ["Issued", "Loans", "Mean PD", "Default rate"],
        (
            [
                f"{vintage.first_month} to {vintage.last_month}",
                f"{vintage.loans:,}",
                f"{vintage.mean_pd:.2%}",
                f"{vintage.default_rate:.2%}",
            ]
            for vintage in vintages
        ),
    )


def _points(characteristic: Characteristic) -> str:
    if isinstance(characteristic, Steps):
        direction = f"PD {characteristic.direction} with it"
        is_flat = len(characteristic.steps) == 1
        title = f"### `{characteristic.feature}`: {'whether it is known' if is_flat else direction}"
        labels = _intervals([step.upto for step in characteristic.steps])
    else:
        title = f"### `{characteristic.feature}`"
        labels = [*(", ".join(g.values) for g in characteristic.groups), "any other"]
    rows = (
        _row(label, bin_)
        for label, bin_ in zip([*labels, "missing"], characteristic.bins, strict=True)
    )
    return f"{title}\n\n" + _table(["", "Loans", "Default rate", "WoE", "Points"], rows)


def _intervals(limits: Sequence[float | None]) -> list[str]:
    if len(limits) == 1:
        return ["any"]
    between = [
        f"above {low:,g}" if high is None else f"above {low:,g} to {high:,g}"
        for low, high in pairwise(limits)
    ]
    return [f"up to {limits[0]:,g}", *between]


def _row(label: str, bin_: Bin) -> list[str]:
    rate = f"{bin_.defaults / bin_.loans:.2%}" if bin_.loans else ""
    return [label, f"{bin_.loans:,}", rate, f"{bin_.woe:.4f}", f"{bin_.points:+d}"]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
