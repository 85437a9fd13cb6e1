"""The columns of a clean application and of a stored decision: name, kind, unit, meaning."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "float", "int", "bool", "date", "instant"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame.

    Attributes
    ----------
    name
        The column's name, the same in frames, tables, views and pages.
    kind
        ``text`` (object array of ``str | None``), ``float`` (float64, NaN is missing), ``int``
        (int64), ``bool``, ``date`` (datetime64[D], NaT is missing) or ``instant`` (datetime64[us],
        UTC, NaT is missing).
    unit
        Unit of measure; empty where there is none.
    meaning
        One sentence for the data dictionary.
    nullable
        Whether a value may be missing.
    sources
        The event's fields it is read from, where there are any.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    nullable: bool = True
    sources: tuple[str, ...] = ()


def _given(name: str, kind: Kind, unit: str, meaning: str, sources: str = "") -> Column:
    return Column(name, kind, unit, meaning, nullable=False, sources=tuple(sources.split()))


def _figure(name: str, unit: str, source: str, meaning: str) -> Column:
    return Column(name, "float", unit, meaning, sources=tuple(source.split()))


def _trait(name: str, sources: str, meaning: str) -> Column:
    return Column(name, "text", "", meaning, sources=tuple(sources.split()))


IDENTITY = (
    _given("event_id", "text", "", "The producer's id; else the application's.", "event_id"),
    _given("application_id", "text", "", "Which loan application.", "id loan_id"),
    _given("event_at", "instant", "UTC", "When the event happened.", "event_time"),
    _given("applied_on", "date", "", "Application date: the issue date if given, else event_at's."),
)

FIGURES = (
    _given("amount_usd", "float", "USD", "Amount asked for.", "loan_amnt"),
    _figure("term_months", "months", "term", "Term of the loan."),
    _figure("rate_pct", "percent", "int_rate", "Interest rate a year, set by the lender."),
    _figure("installment_usd", "USD", "installment", "Monthly payment, set by the lender."),
    _figure(
        "income_usd", "USD", "annual_inc", "Yearly income; both applicants' where the policy says."
    ),
    _figure("dti_pct", "percent", "dti", "Debt payments to income; both applicants' likewise."),
    _figure("utilisation_pct", "percent", "revol_util", "Revolving credit used of the limit."),
    _figure("delinquencies_2y", "count", "delinq_2yrs", "Delinquencies over 30 days in two years."),
    _figure("inquiries_6m", "count", "inq_last_6mths", "Credit inquiries in six months."),
    _figure("open_accounts", "count", "open_acc", "Open credit lines."),
    _figure("total_accounts", "count", "total_acc", "Credit lines ever opened."),
    _figure(
        "employment_years",
        "years",
        "emp_length",
        "Years employed: 0 is under one, 10 is ten or more.",
    ),
    _figure(
        "fico",
        "points",
        "fico_range_low fico_range_high",
        "FICO score at application: middle of its range.",
    ),
    _figure("public_records", "count", "pub_rec", "Derogatory public records."),
    _figure("bankruptcies", "count", "pub_rec_bankruptcies", "Bankruptcies on public record."),
    _figure("revolving_balance_usd", "USD", "revol_bal", "Revolving credit balance."),
    _figure(
        "months_since_delinquency",
        "months",
        "mths_since_last_delinq",
        "Since the last delinquency; never if null.",
    ),
    _figure(
        "months_since_record",
        "months",
        "mths_since_last_record",
        "Since the last public record; never if null.",
    ),
    _figure(
        "joint_income_usd", "USD", "annual_inc_joint", "Yearly income of both applicants, if joint."
    ),
    _figure("joint_dti_pct", "percent", "dti_joint", "Debt payments to income of both, if joint."),
    _figure("current_balance_usd", "USD", "tot_cur_bal", "Balance of all accounts."),
    _figure("revolving_limit_usd", "USD", "total_rev_hi_lim", "Limit of all revolving credit."),
    _figure("mortgage_accounts", "count", "mort_acc", "Mortgages ever held."),
    _figure(
        "accounts_opened_24m", "count", "acc_open_past_24mths", "Accounts opened in two years."
    ),
    _figure("bankcard_utilisation_pct", "percent", "bc_util", "Bank card balance to limit."),
    _figure(
        "collections_12m",
        "count",
        "collections_12_mths_ex_med",
        "Collections in a year, medical ones excluded.",
    ),
)

FIRST_CREDIT = (
    Column(
        "first_credit_on",
        "date",
        "",
        "Month of the first credit line, as its first day.",
        sources=("earliest_cr_line",),
    ),
    Column("credit_age_years", "float", "years", "From the first credit line to applied_on."),
)

TRAITS = (
    _trait("purpose", "purpose", "What the loan is for, in the applicant's choice of words."),
    _trait("home_ownership", "home_ownership", "RENT, OWN, MORTGAGE, ..."),
    _trait("verification", "verification_status", "Whether income was verified."),
    _trait("state", "addr_state", "State of residence, two letters."),
    _trait("zip3", "zip_code", "First three digits of the postal code."),
    _trait("lender_grade", "sub_grade grade", "Sub-grade, else grade, set by the lender."),
    _given("is_joint", "bool", "", "Whether two people apply together.", "application_type"),
)

ISSUES = _given(
    "issues", "text", "", "What cleaning noticed, `column:what` joined by `|`; empty if nothing."
)

APPLICATION_COLUMNS: tuple[Column, ...] = (
    *IDENTITY,
    *FIGURES,
    *FIRST_CREDIT,
    *TRAITS,
    Column(
        "issued_on",
        "date",
        "",
        "Issue date as the event gave it; null where it gave none.",
        sources=("issue_d",),
    ),
    ISSUES,
)

LINEAGE_COLUMNS: tuple[Column, ...] = (
    _given("topic", "text", "", "Topic or file the event came from."),
    _given("part", "int", "", "Partition of the topic; 0 for a file."),
    _given("off", "int", "", "Offset in the partition; the line number in a file."),
    _given("decided_at", "instant", "UTC", "When the decision was made."),
)

VERDICT_COLUMNS: tuple[Column, ...] = (
    Column("region", "text", "", "US census region of the state; null if the state is unknown."),
    Column("purpose_group", "text", "", "Group of the purpose; null if the purpose is unknown."),
    Column("dti_band", "text", "", "Low, Moderate, High, Very High, or Missing."),
    Column("util_band", "text", "", "Low, Moderate, High, Very High, or Missing."),
    Column("rate_band", "text", "", "Low, Moderate, High, Very High, or Missing."),
    _given("early_warning_flag", "bool", "", "Whether the policy's early-warning rule holds."),
    _given("tier", "text", "", "Low, Elevated or Watchlist."),
    _given("reasons", "text", "", "Reason codes in the policy's order, joined by `|`."),
    _given("pd", "float", "probability", "Probability of default, 0 to 1."),
    _given("points", "float", "points", "Scorecard points; higher is safer."),
    _given("model_version", "text", "", "Version of the model that gave pd and points."),
    _given("model_sha256", "text", "", "Checksum of that model's document."),
    _given(
        "policy_version", "text", "", "Version of the policy that gave bands, tier and reasons."
    ),
    _given("contract_version", "text", "", "Version of this contract."),
    _given("reference_version", "text", "", "Version of the reference tables joined."),
    _given("content_hash", "int", "", "Hash of the application's content, ids and instants aside."),
    Column(
        "model_reasons",
        "text",
        "",
        "Why the model rates an Elevated or Watchlist application as it does: codes joined by `|`, "
        "the weightiest first; null for Low.",
    ),
    Column(
        "challengers",
        "text",
        "",
        "PD of each challenger by its version, as a JSON object; null if there were none.",
    ),
    Column(
        "missing_inputs",
        "text",
        "",
        "The model's features that had no value, joined by `|`; empty if all had one, null where "
        "that was not kept.",
    ),
)

_BY_NAME = {
    column.name: column for column in (*APPLICATION_COLUMNS, *VERDICT_COLUMNS, *LINEAGE_COLUMNS)
}

# Table order: who, from where, when, the application, the verdict, the versions.
_STORED = """
    event_id application_id topic part off event_at applied_on decided_at
    amount_usd term_months rate_pct installment_usd income_usd dti_pct utilisation_pct
    delinquencies_2y inquiries_6m open_accounts total_accounts employment_years
    credit_age_years fico purpose purpose_group home_ownership state region is_joint
    dti_band util_band rate_band early_warning_flag tier reasons pd points
    model_version model_sha256 policy_version contract_version reference_version
    issues content_hash model_reasons challengers public_records missing_inputs
""".split()  # noqa: SIM905  (a table reads best as words)

DECISION_COLUMNS: tuple[Column, ...] = tuple(_BY_NAME[name] for name in _STORED)
