"""The catalogue of features: what a model may know about an application.

A model may use the features of `CATALOGUE` and nothing else. Each feature is admitted with the
reason why it is known when the application is made. What is settled later, or happens later
(`OUTCOME_FIELDS`), is never admitted; the contract has no such fields either.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import LoanApplication
from risk.errors import FeatureError
from risk.frame.frame import Frame

DAYS_A_YEAR = 365.25

OUTCOME_FIELDS = frozenset(
    """
    funded_amnt funded_amnt_inv initial_list_status loan_status pymnt_plan
    out_prncp out_prncp_inv total_pymnt total_pymnt_inv total_rec_prncp total_rec_int
    total_rec_late_fee recoveries collection_recovery_fee
    last_pymnt_d last_pymnt_amnt next_pymnt_d last_credit_pull_d
    last_fico_range_high last_fico_range_low
    hardship_flag hardship_type hardship_reason hardship_status deferral_term hardship_amount
    hardship_start_date hardship_end_date payment_plan_start_date hardship_length hardship_dpd
    hardship_loan_status orig_projected_additional_accrued_interest
    hardship_payoff_balance_amount hardship_last_payment_amount
    debt_settlement_flag debt_settlement_flag_date settlement_status settlement_date
    settlement_amount settlement_percentage settlement_term
    """.split()  # noqa: SIM905  (a table reads best as words)
)
"""LendingClub's fields that are settled or happen after the application is made."""

_BUREAU = "read from the credit file that is pulled when the application is made"
_STATED = "stated by the applicant on the application"
_PRICED = "set by the lender in answer to the application, before the loan is issued"


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing a model may look at.

    Attributes
    ----------
    name
        Column of the clean frame, or of `derive`.
    kind
        ``float`` or ``text``.
    unit
        Unit of measure; empty where there is none.
    sources
        The event's fields it is made of.
    meaning
        One sentence.
    knowable_because
        Why it is known when the application is made.
    origin
        Who says so. A lender's field repeats the lender's own judgement of the risk.
    """

    name: str
    kind: Literal["float", "text"]
    unit: str
    sources: tuple[str, ...]
    meaning: str
    knowable_because: str
    origin: Literal["applicant", "bureau", "lender"]


def admit(features: Iterable[Feature]) -> Mapping[str, Feature]:
    """Return the features by name, having made sure that each may be known at application.

    Raises
    ------
    FeatureError
        A feature is made of a field that is settled after the application or that the contract
        does not have, gives no reason why it is knowable, or has another's name.
    """
    catalogue: dict[str, Feature] = {}
    for feature in features:
        later = sorted(OUTCOME_FIELDS.intersection(feature.sources))
        if later:
            raise FeatureError(
                f"feature {feature.name}: {later} are settled after the application; leave them out"
            )
        unknown = sorted(set(feature.sources).difference(LoanApplication.__struct_fields__))
        if unknown or not feature.sources:
            raise FeatureError(
                f"feature {feature.name}: expected fields of LoanApplication, found {unknown}; "
                "add a field to the contract first"
            )
        if not feature.knowable_because.strip():
            raise FeatureError(f"feature {feature.name}: say why it is knowable at application")
        if feature.name in catalogue:
            raise FeatureError(f"feature {feature.name}: named twice; give each its own name")
        catalogue[feature.name] = feature
    return MappingProxyType(catalogue)


def _stated(name: str, unit: str, sources: str, meaning: str) -> Feature:
    return Feature(name, "float", unit, tuple(sources.split()), meaning, _STATED, "applicant")


def _reported(name: str, unit: str, sources: str, meaning: str) -> Feature:
    return Feature(name, "float", unit, tuple(sources.split()), meaning, _BUREAU, "bureau")


def _chosen(name: str, source: str, meaning: str) -> Feature:
    return Feature(name, "text", "", (source,), meaning, _STATED, "applicant")


CATALOGUE: Mapping[str, Feature] = admit(
    (
        _stated("amount_usd", "USD", "loan_amnt", "Amount asked for."),
        _stated("term_months", "months", "term", "Term asked for."),
        _stated("income_usd", "USD", "annual_inc annual_inc_joint", "Yearly income."),
        _stated("employment_years", "years", "emp_length", "Years employed, at most 10."),
        _stated(
            "amount_to_income",
            "ratio",
            "loan_amnt annual_inc annual_inc_joint",
            "Amount asked for to yearly income.",
        ),
        _chosen("purpose", "purpose", "What the loan is for."),
        _chosen("home_ownership", "home_ownership", "Rents, owns, or has a mortgage."),
        _chosen("state", "addr_state", "State of residence."),
        _chosen("zip3", "zip_code", "First three digits of the postal code."),
        _reported("dti_pct", "percent", "dti dti_joint", "Monthly debt payments to income."),
        _reported(
            "utilisation_pct", "percent", "revol_util", "Revolving credit used of its limit."
        ),
        _reported("delinquencies_2y", "count", "delinq_2yrs", "Delinquencies in two years."),
        _reported("inquiries_6m", "count", "inq_last_6mths", "Credit inquiries in six months."),
        _reported("open_accounts", "count", "open_acc", "Open credit lines."),
        _reported("total_accounts", "count", "total_acc", "Credit lines ever opened."),
        _reported("open_share", "ratio", "open_acc total_acc", "Open credit lines of all."),
        _reported("fico", "points", "fico_range_low fico_range_high", "FICO at application."),
        _reported("public_records", "count", "pub_rec", "Derogatory public records."),
        _reported("bankruptcies", "count", "pub_rec_bankruptcies", "Bankruptcies on record."),
        _reported("revolving_balance_usd", "USD", "revol_bal", "Revolving balance."),
        _reported(
            "revolving_to_income",
            "ratio",
            "revol_bal annual_inc annual_inc_joint",
            "Revolving balance to yearly income.",
        ),
        _reported(
            "months_since_delinquency",
            "months",
            "mths_since_last_delinq",
            "Since the last delinquency; missing is never.",
        ),
        _reported(
            "months_since_record",
            "months",
            "mths_since_last_record",
            "Since the last public record; missing is never.",
        ),
        _reported(
            "credit_age_years",
            "years",
            "earliest_cr_line issue_d event_time",
            "From the first credit line to the application.",
        ),
        _reported("current_balance_usd", "USD", "tot_cur_bal", "Balance of all accounts."),
        _reported("revolving_limit_usd", "USD", "total_rev_hi_lim", "Limit of revolving credit."),
        _reported("mortgage_accounts", "count", "mort_acc", "Mortgages ever held."),
        _reported(
            "accounts_opened_24m", "count", "acc_open_past_24mths", "Accounts opened in two years."
        ),
        _reported("bankcard_utilisation_pct", "percent", "bc_util", "Bank cards used of limits."),
        _reported(
            "collections_12m", "count", "collections_12_mths_ex_med", "Collections in a year."
        ),
        Feature(
            "verification",
            "text",
            "",
            ("verification_status",),
            "Whether income was verified.",
            "the lender checks income before it answers the application",
            "lender",
        ),
        Feature("rate_pct", "float", "percent", ("int_rate",), "Interest rate.", _PRICED, "lender"),
        Feature("installment_usd", "float", "USD", ("installment",), "Payment.", _PRICED, "lender"),
        Feature("lender_grade", "text", "", ("sub_grade", "grade"), "Grade.", _PRICED, "lender"),
    )
)


def derive(frame: Frame) -> Frame:
    """Return the features that are made of several columns; NaN where a part is missing."""
    income = frame["income_usd"]
    return {
        "amount_to_income": _ratio(frame["amount_usd"], income),
        "revolving_to_income": _ratio(frame["revolving_balance_usd"], income),
        "open_share": _ratio(frame["open_accounts"], frame["total_accounts"]),
    }


def credit_age_years(
    applied_on: NDArray[np.datetime64], first_credit_on: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Return the years from the first credit line to the application; NaN if either is missing."""
    days = applied_on - first_credit_on
    years: NDArray[np.float64] = days.astype(np.float64) / DAYS_A_YEAR
    years[np.isnat(days)] = np.nan
    return years


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0.0)
    return ratio
