"""The code of each adverse reason, and the sentence that the applicant is told.

Each feature of the catalogue has two reasons: for its value, and for a missing value. A feature
that is stated in words has a third, for a text that is none of the known words. The sentences
compare the application with safer applications, so they are true for a value below average and for
a value that is only below the best (see `risk.explain.reasons`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from risk.features.words import WORDS

When = Literal["HIGH", "LOW", "OTHER", "MISSING", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class AdverseReason:
    """One reason a model may give.

    Attributes
    ----------
    code
        Stable; stored with decisions.
    feature
        Of `risk.features.catalogue.CATALOGUE`.
    when
        Which values the sentence is true of; ``OTHER`` where neither end of the scale is safer by
        nature.
    sentence
        For the applicant.
    """

    code: str
    feature: str
    when: When
    sentence: str


class Codes(NamedTuple):
    """The codes of a feature's value, of its being missing, and of a text that is no word of it.

    The last is the value's own where the feature is not said in words.
    """

    value: str
    missing: str
    unknown: str


def codes_of(feature: str) -> Codes:
    """Return the codes of a feature."""
    return _CODES[feature]


_TABLE: tuple[tuple[str, str, When, str, str], ...] = (
    ("amount_usd", "AMOUNT", "HIGH", "More is asked for than in safer applications.",
     "The amount asked for is not stated."),
    ("term_months", "TERM", "HIGH", "The term is longer than in safer applications.",
     "The term is not stated."),
    ("income_usd", "INCOME", "LOW", "The income is lower than in safer applications.",
     "The income is not stated."),
    ("employment_years", "EMPLOYMENT", "LOW",
     "The length of employment is shorter than in safer applications.",
     "The length of employment is not stated."),
    ("amount_to_income", "AMOUNT_TO_INCOME", "HIGH",
     "More is asked for, compared with income, than in safer applications.",
     "The amount asked for cannot be compared with an income."),
    ("purpose", "PURPOSE", "OTHER", "Loans for this purpose are repaid less often than others.",
     "The purpose of the loan is not stated."),
    ("home_ownership", "HOME_OWNERSHIP", "OTHER",
     "Loans under this form of housing are repaid less often than others.",
     "The form of housing is not stated."),
    ("state", "STATE", "OTHER", "Loans in this state are repaid less often than in others.",
     "The state of residence is not stated."),
    ("zip3", "POSTAL_AREA", "OTHER",
     "Loans in this postal area are repaid less often than in others.",
     "The postal area is not stated."),
    ("dti_pct", "DTI", "HIGH",
     "Debt payments take more of the income than in safer applications.",
     "Debt payments cannot be compared with an income."),
    ("utilisation_pct", "UTILISATION", "HIGH",
     "More of the revolving credit limit is used than in safer applications.",
     "The use of revolving credit is not on file."),
    ("delinquencies_2y", "DELINQUENCIES", "HIGH",
     "There were more delinquencies in the last two years than in safer applications.",
     "Delinquencies of the last two years are not on file."),
    ("inquiries_6m", "INQUIRIES", "HIGH",
     "There were more credit inquiries in the last six months than in safer applications.",
     "Credit inquiries of the last six months are not on file."),
    ("open_accounts", "OPEN_ACCOUNTS", "OTHER",
     "The number of open credit lines differs from that in safer applications.",
     "The number of open credit lines is not on file."),
    ("total_accounts", "TOTAL_ACCOUNTS", "OTHER",
     "The number of credit lines ever opened differs from that in safer applications.",
     "The number of credit lines ever opened is not on file."),
    ("open_share", "OPEN_SHARE", "OTHER",
     "The share of credit lines still open differs from that in safer applications.",
     "The share of credit lines still open is not on file."),
    ("fico", "FICO", "LOW", "The FICO score is lower than in safer applications.",
     "There is no FICO score on file."),
    ("public_records", "PUBLIC_RECORDS", "HIGH",
     "There are more derogatory public records than in safer applications.",
     "Public records are not on file."),
    ("bankruptcies", "BANKRUPTCIES", "HIGH",
     "There are more bankruptcies on record than in safer applications.",
     "Bankruptcies are not on file."),
    ("revolving_balance_usd", "REVOLVING_BALANCE", "OTHER",
     "The revolving balance differs from that in safer applications.",
     "The revolving balance is not on file."),
    ("revolving_to_income", "REVOLVING_TO_INCOME", "HIGH",
     "The revolving balance is higher, compared with income, than in safer applications.",
     "The revolving balance cannot be compared with an income."),
    ("months_since_delinquency", "DELINQUENCY_AGE", "LOW",
     "The last delinquency is more recent than in safer applications.",
     "The time since a delinquency is not on file."),
    ("months_since_record", "PUBLIC_RECORD_AGE", "LOW",
     "The last public record is more recent than in safer applications.",
     "The time since a public record is not on file."),
    ("credit_age_years", "CREDIT_AGE", "LOW",
     "The credit history is shorter than in safer applications.",
     "The length of the credit history is not on file."),
    ("current_balance_usd", "CURRENT_BALANCE", "OTHER",
     "The balance of all accounts differs from that in safer applications.",
     "The balance of all accounts is not on file."),
    ("revolving_limit_usd", "REVOLVING_LIMIT", "LOW",
     "The limit of revolving credit is lower than in safer applications.",
     "The limit of revolving credit is not on file."),
    ("mortgage_accounts", "MORTGAGES", "OTHER",
     "The number of mortgages ever held differs from that in safer applications.",
     "The number of mortgages ever held is not on file."),
    ("accounts_opened_24m", "ACCOUNTS_OPENED", "HIGH",
     "More accounts were opened in the last two years than in safer applications.",
     "Accounts opened in the last two years are not on file."),
    ("bankcard_utilisation_pct", "BANKCARD_UTILISATION", "HIGH",
     "More of the bank cards' limits is used than in safer applications.",
     "The use of bank cards is not on file."),
    ("collections_12m", "COLLECTIONS", "HIGH",
     "There were more collections in the last year than in safer applications.",
     "Collections of the last year are not on file."),
    ("verification", "VERIFICATION", "OTHER",
     "Loans with this kind of income verification are repaid less often than others.",
     "Whether income was verified is not known."),
    ("rate_pct", "RATE", "HIGH", "The interest rate is higher than in safer applications.",
     "The interest rate is not known."),
    ("installment_usd", "INSTALLMENT", "HIGH",
     "The monthly payment is higher than in safer applications.",
     "The monthly payment is not known."),
    ("lender_grade", "LENDER_GRADE", "OTHER",
     "Loans of this grade are repaid less often than others.",
     "The grade is not known."),
)  # fmt: skip
"""Feature, stem of its codes, which values the first sentence is true of, both sentences."""

_UNKNOWN_SENTENCES = {
    "purpose": "The stated purpose of the loan is not one that is known.",
    "home_ownership": "The stated form of housing is not one that is known.",
    "state": "The stated state of residence is not one that is known.",
    "lender_grade": "The grade is not one that is known.",
}


def _codes(feature: str, stem: str, when: When) -> Codes:
    value = stem if when == "OTHER" else f"{stem}_{when}"
    return Codes(value, f"{stem}_MISSING", f"{stem}_UNKNOWN" if feature in WORDS else value)


_CODES: Mapping[str, Codes] = MappingProxyType(
    {feature: _codes(feature, stem, when) for feature, stem, when, _, _ in _TABLE}
)


def _reasons() -> Iterator[AdverseReason]:
    for feature, _, when, of_value, of_missing in _TABLE:
        codes = _CODES[feature]
        yield AdverseReason(codes.value, feature, when, of_value)
        yield AdverseReason(codes.missing, feature, "MISSING", of_missing)
        if feature in WORDS:
            yield AdverseReason(codes.unknown, feature, "UNKNOWN", _UNKNOWN_SENTENCES[feature])


REASONS: Mapping[str, AdverseReason] = MappingProxyType(
    {reason.code: reason for reason in _reasons()}
)
"""Every reason by its code."""
