"""Read LendingClub's listing of loans on offer, which has its own names for the fields.

The browse-notes file and the listing API use names such as ``loanAmnt`` and ``intRate``. Amounts,
percentages and dates are written as in other files; employment is counted in months.
"""

from collections.abc import Mapping
from types import MappingProxyType

LISTING_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "listD": "event_time",
        "loanAmnt": "loan_amnt",
        "loanAmount": "loan_amnt",
        "intRate": "int_rate",
        "annualInc": "annual_inc",
        "revolUtil": "revol_util",
        "revolBal": "revol_bal",
        "delinq2Yrs": "delinq_2yrs",
        "inqLast6Mths": "inq_last_6mths",
        "openAcc": "open_acc",
        "totalAcc": "total_acc",
        "empLength": "emp_length",
        "ficoRangeLow": "fico_range_low",
        "ficoRangeHigh": "fico_range_high",
        "pubRec": "pub_rec",
        "pubRecBankruptcies": "pub_rec_bankruptcies",
        "mthsSinceLastDelinq": "mths_since_last_delinq",
        "mthsSinceLastRecord": "mths_since_last_record",
        "annualIncJoint": "annual_inc_joint",
        "dtiJoint": "dti_joint",
        "totCurBal": "tot_cur_bal",
        "totalRevHiLim": "total_rev_hi_lim",
        "mortAcc": "mort_acc",
        "accOpenPast24Mths": "acc_open_past_24mths",
        "bcUtil": "bc_util",
        "collections12MthsExMed": "collections_12_mths_ex_med",
        "earliestCrLine": "earliest_cr_line",
        "homeOwnership": "home_ownership",
        "isIncV": "verification_status",
        "addrState": "addr_state",
        "addrZip": "zip_code",
        "subGrade": "sub_grade",
        "applicationType": "application_type",
        "loanStatus": "loan_status",
    }
)
"""The contract's field by the listing's name; a name that is the same in both is not here."""

_MONTHS_A_YEAR = 12


def employment_years_of_months(text: str) -> str:
    """Return whole years of the listing's months; any other text as it is."""
    stripped = text.strip().removesuffix(".0")
    return str(int(stripped) // _MONTHS_A_YEAR) if stripped.isdecimal() else text
