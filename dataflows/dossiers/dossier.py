"""Write a model's dossier for its validator: purpose, data, method, outcomes, stability, limits.

It holds aggregated figures only. The same model and loans always give the same text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dataflows.dossiers import words
from dataflows.dossiers.evidence import (
    FEWEST_IN_A_GROUP,
    Figures,
    GroupFigures,
    ModelEvidence,
    ShiftFigures,
    VintageFigures,
)
from dataflows.dossiers.model import effects, left_out, method
from dataflows.dossiers.tables import estimate, loans, table
from dataflows.loans.matured import GRACE_MONTHS, Loans
from risk.features.catalogue import CATALOGUE
from risk.frame.frame import Frame
from risk.models.model import Model
from risk.models.scorecard import Scorecard
from risk.monitoring.performance import LiftBand


@dataclass(frozen=True, slots=True)
class Comparison:
    """What all models of one training were fitted and judged on, and how each did.

    Attributes
    ----------
    loans
        All of them.
    fitted_on
        Columns of those of the fit.
    first_month, last_month
        Issue months of those kept apart.
    figures
        By model, in the order of the comparison.
    """

    loans: Loans
    fitted_on: Frame
    first_month: np.datetime64
    last_month: np.datetime64
    figures: Mapping[str, Figures]


def render(model: Model, comparison: Comparison, evidence: ModelEvidence) -> str:
    """Return the dossier."""
    sections = {
        "Purpose": _purpose(model),
        "Data": _data(model, comparison),
        "Method": method(model),
        "Features": _features(model),
        "Out of time": f"{words.COMPARISON}\n\n{_comparison(comparison.figures)}",
        "Gains and calibration": _bands(evidence.bands),
        "Vintages": _vintages(evidence.vintages),
        "Stability": f"{words.STABILITY}\n\n{_shifts(evidence.shifts)}",
        "Treatment of groups": _treatment(model, evidence),
        "Effects": effects(model, comparison.fitted_on),
        "Monitoring": words.MONITORING,
        "Limits": words.LIMITS,
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return (
        f"# {model.version}: probability of default of a personal loan\n\n"
        f"Document `{model.version}.json`, sha256 `{model.sha256}`, contract version "
        f"{model.contract_version}. Written by `python -m dataflows.train`; do not edit.\n\n"
        f"{body}\n"
    )


def _purpose(model: Model) -> str:
    if model.uses_lender_fields:
        lenders = [name for name in model.features if CATALOGUE[name].origin == "lender"]
        role = words.PRICE_AWARE.format(fields=", ".join(f"`{name}`" for name in lenders))
    else:
        role = words.CHAMPION if model.kind == Scorecard.kind else words.CHALLENGER
    return f"{words.PURPOSE}\n\n{role}"


def _data(model: Model, comparison: Comparison) -> str:
    fit, source = model.fit, comparison.loans
    kept_apart = comparison.figures[model.version]
    excluded = [f"{count:,} {reason}" for reason, count in source.excluded.items()]
    weighted = (
        "each loan counts once"
        if source.weighted_by is None
        else f"column `{source.weighted_by}`, in fit, calibration and all figures but counts"
    )
    return f"""\
- Source `{source.file_name}`, sha256 `{fit.data_sha256}`.
- Left out: {"; ".join(excluded) or "nothing"}.
- A loan defaulted if it is "Charged Off", and did not if it is "Fully Paid".
- Maturity: the books are those of {source.observed_in}. A loan counts when its issue month plus
  its term plus {GRACE_MONTHS} months lie behind that: repayments are as well known as defaults.
- Weights: {weighted}.
- Fitted on {loans(fit.loans, fit.defaults)} issued {fit.first_month} to {fit.last_month}.
- Judged on {loans(kept_apart.loans, kept_apart.defaults)} issued {comparison.first_month} to
  {comparison.last_month}, which nothing here was fitted on."""


def _features(model: Model) -> str:
    used = [CATALOGUE[feature] for feature in model.features]
    catalogued = table(
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
    never = [f"`{f.name}`" for f in CATALOGUE.values() if f.origin == "lender" and f not in used]
    lenders = f"what the lender sets ({', '.join(never)}) and " if never else ""
    return (
        f"{catalogued}\n\n{left_out(model)} Not offered: {lenders}whatever happens after the "
        "application."
    )


def _comparison(figures: Mapping[str, Figures]) -> str:
    names = next(iter(figures.values())).estimates
    rows = [
        [name, *(estimate(each.estimates[name]) for each in figures.values())] for name in names
    ]
    separations = (f"{each.ks_separation:.4f}" for each in figures.values())
    rows.insert(2, ["ks_separation", *separations])
    for label, field in (
        ("calibration intercept", "intercept"),
        ("mean PD", "mean_pd"),
        ("default rate", "default_rate"),
    ):
        values = (getattr(each.calibration, field) for each in figures.values())
        rows.append([label, *(f"{value:.3f}" for value in values)])
    return table(["", *figures], rows)


def _bands(bands: Sequence[LiftBand]) -> str:
    return table(
        ["Decile, worst first", "Mean PD", "Default rate", "Defaults captured", "Lift so far"],
        (
            [
                str(place),
                f"{band.mean_pd:.2%}",
                f"{band.default_rate:.2%}",
                f"{band.captured:.1%}",
                f"{band.lift:.2f}",
            ]
            for place, band in enumerate(bands, 1)
        ),
    )


def _vintages(vintages: Sequence[VintageFigures]) -> str:
    return table(
        ["Issued", "Loans", "Mean PD", "Default rate", "AUC"],
        (
            [
                f"{vintage.first_month} to {vintage.last_month}",
                f"{vintage.loans:,}",
                f"{vintage.mean_pd:.2%}",
                f"{vintage.default_rate:.2%}",
                "" if vintage.auc is None else f"{vintage.auc:.4f}",
            ]
            for vintage in vintages
        ),
    )


def _shifts(shifts: Sequence[ShiftFigures]) -> str:
    return table(
        ["", "PSI", "Noise floor"],
        ([f"`{shift.name}`", f"{shift.psi:.4f}", f"{shift.noise:.4f}"] for shift in shifts),
    )


def _treatment(model: Model, evidence: ModelEvidence) -> str:
    looked_at = [f"`{trait}`" for trait in evidence.treatment if trait in model.features]
    said = words.TREATMENT.format(
        line=evidence.watch_line,
        looks=" and ".join(looked_at) or "neither trait",
        fewest=FEWEST_IN_A_GROUP,
    )
    parts = [_groups(trait, groups) for trait, groups in evidence.treatment.items()]
    return "\n\n".join([said, *parts])


def _groups(trait: str, groups: Sequence[GroupFigures]) -> str:
    return table(
        [f"`{trait}`", "Loans", "Above the watch line", "Mean PD", "Default rate"],
        (
            [
                group.group,
                f"{group.loans:,}",
                f"{group.share_watched:.1%}",
                f"{group.mean_pd:.2%}",
                f"{group.default_rate:.2%}",
            ]
            for group in groups
        ),
    )
