"""The features that a fit may use, and the bin limits that credit practice suggests."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from risk.errors import ModelError
from risk.features.catalogue import CATALOGUE
from risk.fitting.binning import Candidate

CANDIDATES: tuple[Candidate, ...] = (
    Candidate("fico", "falls", (*np.arange(624.5, 760.0, 5.0), 764.5, 774.5, 784.5, 799.5)),
    Candidate("inquiries_6m", "rises", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),
    Candidate(
        "income_usd",
        "falls",
        (*np.arange(15e3, 61e3, 5e3), 70e3, 80e3, 90e3, 100e3, 125e3, 150e3),
    ),
    Candidate("amount_to_income", "rises", tuple(np.arange(1.0, 24.0) / 40.0)),
    Candidate("utilisation_pct", "rises", tuple(np.arange(5.0, 100.0, 5.0))),
    Candidate("public_records", "rises", (0.0, 1.0)),
    Candidate("employment_years", "falls", tuple(np.arange(0.0, 10.0))),
    Candidate("term_months", "rises", (36.0,)),
    Candidate("dti_pct", "rises", tuple(np.arange(2.5, 40.0, 2.5))),
    Candidate("delinquencies_2y", "rises", (0.0, 1.0)),
    Candidate("credit_age_years", "falls", (4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0)),
    Candidate("purpose"),
)
"""What the scorecard may use."""

_ADD_NOTHING = frozenset({"dti_pct", "delinquencies_2y", "credit_age_years"})

BOOSTING_CANDIDATES: tuple[Candidate, ...] = tuple(
    candidate for candidate in CANDIDATES if candidate.feature not in _ADD_NOTHING
)
"""What boosting may use: trees cannot tell by themselves that a feature adds nothing."""

PRICE_AWARE_FEATURES: tuple[str, ...] = tuple(name for name in CATALOGUE if name != "zip3")
"""What the regression may use: all that is known, the lender's own judgement and the state of
residence included, to compare with, never to decide by. The postal area has too few loans a value.
"""

FEWEST_LOANS = 50


def expect_admissible(candidates: Sequence[Candidate], *, with_lender_fields: bool = False) -> None:
    """Refuse candidates that are not in the catalogue, are of the other kind, or are the lender's.

    Raises
    ------
    ModelError
        One is.
    """
    for candidate in candidates:
        kind = "text" if candidate.direction is None else "float"
        _expect_feature(candidate.feature, (kind,), with_lender_fields=with_lender_fields)


def expect_admissible_features(features: Iterable[str], *, with_lender_fields: bool) -> None:
    """Refuse features that are not in the catalogue, or are the lender's.

    Raises
    ------
    ModelError
        One is.
    """
    for feature in features:
        _expect_feature(feature, ("float", "text"), with_lender_fields=with_lender_fields)


def expect_enough(version: str, defaulted: NDArray[np.bool_]) -> None:
    """Refuse to fit on too few loans of either outcome.

    Raises
    ------
    ModelError
        There are too few.
    """
    if min(defaulted.sum(), (~defaulted).sum()) < FEWEST_LOANS:
        raise ModelError(
            f"{version}: expected {FEWEST_LOANS} defaults and as many others, found "
            f"{defaulted.sum()} among {len(defaulted)} loans; fit on a longer period"
        )


def _expect_feature(name: str, kinds: tuple[str, ...], *, with_lender_fields: bool) -> None:
    feature = CATALOGUE.get(name)
    is_allowed = feature is not None and (with_lender_fields or feature.origin != "lender")
    if feature is None or feature.kind not in kinds or not is_allowed:
        raise ModelError(
            f"candidate {name}: expected a {' or '.join(kinds)} feature of the catalogue that "
            "applicant or bureau gives, found none; leave it out"
        )
