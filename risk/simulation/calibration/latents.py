"""Read the latents of `risk.simulation.calibration.catalogue` from real loans."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from risk.simulation.calibration.catalogue import LATENTS, LatentSpec
from risk.simulation.draw import Floats

# Where "none" stands among the values: never delinquent is longer ago than any month. Null means it
# in a sample that has the field, and where a field is named beside, only with that: until the
# bureau began to send the two, null says nothing.
_NONE: dict[str, tuple[float, str | None]] = {
    "mths_since_last_delinq": (np.inf, None),
    "mths_since_last_major_derog": (np.inf, "tot_cur_bal"),
    "mths_since_rcnt_il": (np.inf, "open_acc_6m"),
    "mths_since_recent_bc": (np.inf, "mort_acc"),
    "mths_since_recent_bc_dlq": (np.inf, "tot_cur_bal"),
    "mths_since_recent_revol_delinq": (np.inf, "mort_acc"),
    "mths_since_recent_inq": (np.inf, "mort_acc"),
    "sec_app_mths_since_last_major_derog": (np.inf, "sec_app_open_acc"),
    "mo_sin_old_il_acct": (-np.inf, "tot_cur_bal"),
    "bc_util": (-np.inf, "mort_acc"),
    "percent_bc_gt_75": (-np.inf, "mort_acc"),
    "revol_util": (-np.inf, None),
}
_HIGHEST_DTI = 100.0
_TWO_YEARS = 24


def latent_columns(loans: Frame) -> dict[str, Floats]:
    """Return every latent's values as `risk.simulation.calibration.copula.Sample` wants them.

    Parameters
    ----------
    loans
        As `risk.simulation.calibration.fit.fit_simulation` takes them.
    """
    with_none = {name: _with_none(loans, name, *none) for name, none in _NONE.items()}
    positions = {spec.name: _positions(loans, spec) for spec in LATENTS if spec.values}
    columns = loans | with_none | _made(loans) | _histories(loans, with_none) | positions
    return {spec.name: columns[spec.name] for spec in LATENTS}


def is_given(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where a column of numbers or texts has a value."""
    if column.dtype != object:
        return np.asarray(~np.isnan(column))
    return np.array([value is not None for value in column.tolist()], dtype=np.bool_)


def carries(loans: Frame, name: str) -> NDArray[np.bool_]:
    """Tell which loans come from a sample that has the field at all."""
    return np.isin(loans["use.sample"], np.unique(loans["use.sample"][is_given(loans[name])]))


def _with_none(loans: Frame, name: str, none: float, beside: str | None) -> Floats:
    is_none = carries(loans, name) & np.isnan(loans[name])
    if beside is not None:
        is_none &= ~np.isnan(loans[beside])
    return np.where(is_none, none, loans[name])


def _positions(loans: Frame, spec: LatentSpec) -> Floats:
    """Return each text's position among the levels; NaN if it is none of them, or not sent."""
    codes = {value: float(code) for code, value in enumerate(spec.values)}
    positions = np.array([codes.get(text, np.nan) for text in loans[spec.name].tolist()])
    return np.where(carries(loans, spec.name), positions, np.nan)


def _made(loans: Frame) -> Frame:
    """Return the figures that are made of several fields, and fields without their sentinels."""
    with np.errstate(divide="ignore", invalid="ignore"):
        made = {
            # The limit itself is not in every sample, and where nothing is used it says nothing.
            "revolving.limit": np.where(
                loans["revol_util"] > 0,
                100 * loans["revol_bal"] / loans["revol_util"],
                loans["total_rev_hi_lim"],
            ),
            "credit.age": _positive(loans["origin.month"] - loans["earliest_cr_line"]),
            "sec_app.credit.age": _positive(
                loans["origin.month"] - loans["sec_app_earliest_cr_line"]
            ),
            "mortgage.balance": np.maximum(loans["tot_cur_bal"] - loans["total_bal_ex_mort"], 0),
            "joint.income": loans["annual_inc_joint"] / loans["annual_inc"],
            "joint.balance": loans["revol_bal_joint"] / loans["revol_bal"],
            "annual_inc": _positive(loans["annual_inc"]),
            "dti": np.where(loans["dti"] <= _HIGHEST_DTI, loans["dti"], np.nan),
        }
    return {name: _finite(column) for name, column in made.items()}


def _histories(loans: Frame, with_none: Frame) -> Frame:
    """Return the months since something happened, apart by whether it did of late."""
    since, inquiry = with_none["mths_since_last_delinq"], with_none["mths_since_recent_inq"]
    # Some files have a last delinquency before the two years in which they count one.
    is_recent = (loans["delinq_2yrs"] > 0) & (since <= _TWO_YEARS)
    ever = np.isfinite(since)

    def among(rows: NDArray[np.bool_], column: Floats) -> Floats:
        return np.where(rows, column, np.nan)

    return {
        "delinquency.recent": among(is_recent, since),
        "delinquency.old": among(loans["delinq_2yrs"] == 0, since),
        "delinquency.major": among(ever, with_none["mths_since_last_major_derog"]),
        "mths_since_recent_bc_dlq": among(ever, with_none["mths_since_recent_bc_dlq"]),
        "mths_since_recent_revol_delinq": among(ever, with_none["mths_since_recent_revol_delinq"]),
        "record.months": among(loans["pub_rec"] > 0, loans["mths_since_last_record"]),
        "inquiry.recent": among(loans["inq_last_6mths"] > 0, _finite(inquiry)),
        "inquiry.old": among(loans["inq_last_6mths"] == 0, inquiry),
    }


def _finite(values: NDArray[Any]) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _positive(values: NDArray[Any]) -> Floats:
    return np.where(values > 0, values, np.nan)
