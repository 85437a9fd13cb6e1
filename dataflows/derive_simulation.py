"""Derive the simulator's parameters from samples of real loans.

    python -m dataflows.derive_simulation DATA_DIR --out FILE

DATA_DIR holds `loans_union.parquet`, `loans_raw_151.parquet` and `events_reference.jsonl.gz`. The
result holds only shares, quantiles and correlations, each of at least ten loans.
"""

import argparse
import gzip
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from risk.frame.frame import Frame, concat, take
from risk.simulation.calibration.fit import fit_simulation
from risk.simulation.parameters import month_number
from risk.simulation.wire import FIELDS

VERSION = "lending-club-1"
SNAPSHOT = "2019-03"
SEED = 2

_TEXTS = """
    sub_grade emp_title emp_length home_ownership verification_status loan_status desc purpose
    zip_code addr_state initial_list_status verification_status_joint disbursement_method
    application_type debt_settlement_flag
""".split()  # noqa: SIM905  (a table reads best as words)
_MONTHS = """
    issue_d earliest_cr_line last_pymnt_d last_credit_pull_d sec_app_earliest_cr_line
""".split()  # noqa: SIM905  (a table reads best as words)
_UNUSED = """
    id member_id term grade pymnt_plan url title next_pymnt_d hardship_flag hardship_type
    hardship_reason hardship_status hardship_start_date hardship_end_date payment_plan_start_date
    hardship_loan_status debt_settlement_flag_date settlement_status settlement_date
""".split()  # noqa: SIM905  (a table reads best as words)
_NUMBERS = tuple(name for name in FIELDS if name not in {*_TEXTS, *_MONTHS, *_UNUSED})
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAST_TWO_DIGIT_YEAR = 20
_ABBREVIATED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a sample can be used for.

    Attributes
    ----------
    is_random
        Its applications were drawn at random.
    has_all_statuses
        Not only resolved loans, so that terms and months are as they were.
    has_all_years
        It covers every year.
    looked_at
        When its statuses were looked at, if they are all there and their last payments known.
    has_outcomes
        Its resolved loans tell who was charged off.
    """

    is_random: bool = True
    has_all_statuses: bool = False
    has_all_years: bool = False
    looked_at: str | None = None
    has_outcomes: bool = True


# By the beginning of the sample's name.
USES = {
    "JGFuentesC": Use(has_all_statuses=True, has_all_years=True, looked_at=SNAPSHOT),
    "events": Use(has_all_statuses=True, has_all_years=True, looked_at=SNAPSHOT),
    "kevinsaner91": Use(has_all_statuses=True, has_outcomes=False),
    "MateusFPavan": Use(),
    "bbodami": Use(),
    "Raghav192": Use(looked_at=SNAPSHOT),
    "whylabs": Use(looked_at=SNAPSHOT),
    "EC4308": Use(is_random=False),
}
_OTHER = Use(is_random=False, has_outcomes=False)
_ONE_MONTH = ("Raghav192", "whylabs")
_RESOLVED_ONLY = ("MateusFPavan", "bbodami")
_LAST_RESOLVED_YEAR = 2015
"""Loans resolved from later years were short or unlucky: no random sample of applications."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="dataflows.derive_simulation", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the real samples")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    given = parser.parse_args(arguments)
    loans = read_loans(given.data)
    parameters = fit_simulation(
        loans,
        version=VERSION,
        about="Gaussian copula of LendingClub applications 2012 to 2018, with their outcomes as of "
        f"{SNAPSHOT}; derived by dataflows.derive_simulation from public samples, aggregated only.",
        snapshot=SNAPSHOT,
        rng=np.random.default_rng(SEED),
    )
    document = msgspec.json.encode(parameters)
    given.out.write_bytes(document + b"\n")
    sys.stderr.write(f"{given.out}: {len(document):,} bytes from {parameters.loans:,} loans\n")
    return 0


def read_loans(folder: Path) -> Frame:
    """Return all samples as one frame, each loan once, as `fit_simulation` wants them."""
    raw = pq.read_table(folder / "loans_raw_151.parquet")
    with gzip.open(folder / "events_reference.jsonl.gz") as lines:
        events = pa.Table.from_pylist([msgspec.json.decode(line) for line in lines])
    _, first = np.unique(events["id"].to_numpy(), return_index=True)
    events = events.take(np.sort(first))
    union = pq.read_table(folder / "loans_union.parquet")
    # The union repeats loans of the other two, and their ids; without an id there is no telling.
    known = pa.concat_arrays(
        [raw["id"].combine_chunks(), events["id"].cast(pa.string()).combine_chunks()]
    )
    is_new = pc.invert(pc.fill_null(pc.is_in(union["id"], value_set=known), fill_value=False))
    is_new = pc.and_(is_new, pc.invert(pc.match_substring(union["source"], "tmp/raw_events")))
    frames = [
        _frame(table, table["source"].to_pylist() if "source" in table.column_names else None)
        for table in (union.filter(is_new), raw, events)
    ]
    loans = concat(frames)
    usable = ~np.isnan(loans["origin.month"]) & ~np.isnan(loans["term"])
    loans = take(loans, usable)
    loans["origin.month"] = loans["origin.month"].astype(np.int64)
    return _with_uses(loans)


def _frame(table: pa.Table, sources: list[str] | None) -> Frame:
    size = table.num_rows
    names = set(table.column_names)
    frame: Frame = {}
    for name in _TEXTS:
        texts = table[name].to_pylist() if name in names else [None] * size
        frame[name] = np.array([_text(name, text) for text in texts], dtype=object)
    for name in _MONTHS:
        texts = table[name].to_pylist() if name in names else [None] * size
        frame[name] = np.array([_month(text) for text in texts])
    for name in _NUMBERS:
        frame[name] = _numbers(table[name]) if name in names else np.full(size, np.nan)
    frame["term"] = _numbers(
        pc.utf8_trim(pc.utf8_rtrim(table["term"], characters=" months"), characters=" ")
    )
    frame["origin.month"] = frame["issue_d"]
    frame["credit.age"] = frame["issue_d"] - frame["earliest_cr_line"]
    frame["rate.base"] = frame["int_rate"]
    kinds = [None if kind is None else kind.lower() for kind in frame["application_type"].tolist()]
    frame["is.joint"] = np.array(
        [np.nan if kind is None else float(kind.startswith("joint")) for kind in kinds]
    )
    # The same sample has other fields in another file.
    file = f" of {table.num_columns} fields"
    sample = [f"{source}{file}" for source in sources or ["events"] * size]
    frame["sample"] = np.array(sample, dtype=object)
    return frame


def _text(name: str, text: str | None) -> str | None:
    """Return a text in the spelling of most samples; None for what says nothing."""
    if text is None or text.strip().lower() in {"", "n/a", "none"}:
        return None
    text = text.strip()
    if name == "emp_title":
        return text.upper() if len(text) <= _ABBREVIATED else text.title()
    if name == "sub_grade":
        return text.upper()
    return text.title() if name == "verification_status" else text


def _month(text: str | None) -> float:
    """Return months since January 1970 of "Aug-2015" or "Aug-15"."""
    name, _, year = (text or "").strip().partition("-")
    if name.lower() not in _NAMES or not year.isdigit():
        return np.nan
    number = int(year)
    if len(year) == len("15"):
        number += 2000 if number <= _LAST_TWO_DIGIT_YEAR else 1900
    return float((number - 1970) * 12 + _NAMES.index(name.lower()))


def _numbers(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return numbers, "13.56%" among them; codes below zero stand for missing."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim(pc.utf8_rtrim(column, characters="% "), characters=" ")
        column = pc.if_else(pc.equal(column, ""), None, column)
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(values < 0, np.nan, values)


def _with_uses(loans: Frame) -> Frame:
    samples = loans["sample"].tolist()
    starts = [next((s for s in USES if name.startswith(s)), "") for name in samples]
    uses = [USES.get(start, _OTHER) for start in starts]
    codes = {name: float(code) for code, name in enumerate(dict.fromkeys(samples))}
    year = loans["origin.month"] // 12 + 1970
    is_short = np.isin(starts, _RESOLVED_ONLY) & (year > _LAST_RESOLVED_YEAR)
    is_random = np.array([use.is_random for use in uses])
    code = np.array([codes[name] for name in samples])
    month = [
        np.nan if use.looked_at is None else float(month_number(use.looked_at)) for use in uses
    ]
    added: Frame = {
        "use.sample": code,
        "use.marginal": is_random & ~is_short,
        "use.volume": np.array([use.has_all_statuses for use in uses]),
        "use.all_years": np.array([use.has_all_years for use in uses]),
        "use.price": ~np.isin(starts, _ONE_MONTH),
        "use.level": np.array(month),
        "use.risk": np.where([use.has_outcomes for use in uses], code, -1.0),
    }
    return {name: column for name, column in loans.items() if name != "sample"} | added


if __name__ == "__main__":
    sys.exit(main())
