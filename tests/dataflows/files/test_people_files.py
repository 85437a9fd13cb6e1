"""Files as people of this field have them: each is decided, set aside by row, or refused by name.

`cases/` holds made-up files after public ones, notebooks and bug reports; the others are made here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflows.files.forms import FileForms
from lakehouse.errors import LakehouseError, SettingsInvalid
from risk.frame.frame import Frame
from tests.dataflows.files.seen import Seen

CASES = Path(__file__).parent / "cases"
FIGURES = ("amount_usd", "income_usd", "dti_pct", "rate_pct", "utilisation_pct", "pd", "tier")


@pytest.mark.parametrize(
    ("name", "decided", "refused"),
    [
        ("01-LoanStats3a.csv", 8, {"not_a_record": 3}),
        ("02-loan-id-empty.csv", 40, {}),
        ("03-lending_club_loan_two.csv", 40, {}),
        ("04-Loan_status_2007-2020Q3.gzip", 40, {}),
        ("05-LoanStats3b.csv.zip", 8, {"not_a_record": 3}),
        ("06-loan-NA.csv", 40, {}),
        ("07c-lending-club-data.csv", 40, {}),
        ("08c-percents.csv", 8, {}),
        ("09-primaryMarketNotes_browseNotes.csv", 8, {}),
        ("14b-pandas-id-float.parquet", 8, {"not_a_record": 1}),
        ("15-concatenated.csv", 16, {"not_a_record": 8}),
        ("17c-one-trailing-comma.csv", 8, {}),
        ("18-id-float.csv", 8, {}),
        ("many", 16, {}),
        ("many/LoanStats_2018Q*.csv", 16, {}),
    ],
)
def test_a_file_that_people_have_is_decided(
    name: str, decided: int, refused: dict[str, int]
) -> None:
    seen = Seen(CASES / name)
    assert (seen.count, seen.refused) == (decided, refused)
    assert np.isfinite(seen.decided["dti_pct"]).all()
    assert np.isfinite(seen.decided["rate_pct"]).all()
    assert (seen.decided["rate_pct"] > 5.0).all()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("07-dates.csv", "issue_d holds days that read two ways, as 12/1/2011 does. Set RISK_FILE"),
        ("08-financial_loan.csv", "loan_amnt (nearest found: loan_amount"),
        ("08-financial_loan.csv", "annual_inc or annual_inc_joint (nearest found: annual_income)"),
        ("08-financial_loan.csv", "issue_d or event_time (nearest found: issue_date)"),
        ("08b-fractions.csv", "int_rate looks like a fraction, and so do revol_util, dti"),
        ("08b-fractions.csv", "Set RISK_FILE_RATES=fraction where 0.0756 means 7.56 %"),
    ],
)
def test_a_file_that_reads_two_ways_or_lacks_columns_is_refused_at_its_start(
    name: str, says: str
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Seen(CASES / name)
    assert says in str(refused.value)


def _same_figures(one: Frame, other: Frame) -> None:
    for name in FIGURES:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_fractions_are_the_percentages_that_they_mean_where_somebody_says_so() -> None:
    percents = Seen(CASES / "08c-percents.csv").decided
    _same_figures(Seen(CASES / "08b-fractions.csv", FileForms(rates="fraction")).decided, percents)
    suspect = Seen(CASES / "08b-fractions.csv", FileForms(rates="percent")).decided
    assert {*suspect["issues"]} == {"rate_pct:suspect"}


@pytest.mark.parametrize(("order", "month"), [("mdy", "2011-12-01"), ("dmy", "2011-01-12")])
def test_who_says_the_order_of_days_has_them_read(order: Any, month: str) -> None:
    seen = Seen(CASES / "07-dates.csv", FileForms(dates=order))
    assert seen.count == 11
    assert seen.refused == {"wrong_format": 1}  # one number among dates is no day
    assert str(seen.decided["applied_on"][2]) == month


def test_float_ids_are_the_whole_ones_of_the_other_file() -> None:
    floats, whole = (Seen(CASES / name).decided for name in ("18-id-float.csv", "18-id-int.csv"))
    assert floats["event_id"].tolist() == whole["event_id"].tolist()


def test_a_file_without_ids_takes_file_and_line_says_so_and_keeps_them() -> None:
    first, again = (Seen(CASES / "03-lending_club_loan_two.csv") for _ in range(2))
    ids = first.decided["event_id"].tolist()
    assert ids == again.decided["event_id"].tolist()
    assert len({*ids}) == len(ids)
    assert {*first.decided["issues"]} == {"event_id:from_position"}
    assert "no id: file and position stand in" in first.said[0]


def test_a_row_without_an_id_among_others_takes_file_and_line(tmp_path: Path) -> None:
    rows = [LOAN.format(id=number, title="x") for number in (7, "", "NA", 8)]
    seen = Seen(_written(tmp_path, "\n".join([HEADER, *rows, ""])))
    first, *made, last = seen.decided["event_id"].tolist()
    assert (first, last) == ("7", "8")
    assert [event_id[-2:] for event_id in made] == ["-2", "-3"]
    assert seen.decided["issues"].tolist() == ["", *["event_id:from_position"] * 2, ""]
    assert "no id in 2 of the first 4: file and position stand in" in seen.said[0]


def test_the_listing_counts_employment_in_months() -> None:
    decided = Seen(CASES / "09-primaryMarketNotes_browseNotes.csv").decided
    assert decided["employment_years"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


HEADER = "id,loan_amnt,annual_inc,issue_d,earliest_cr_line,int_rate,dti,revol_util,emp_title"
LOAN = "{id},5000,24000,Dec-2011,Jan-1985,7.50%,3.0,9.4%,{title}"
CAFE = LOAN.format(id=7, title="caf\u00e9")


def _written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "loans.csv"
    path.write_bytes(text.encode(encoding))
    return path


def _plain(folder: Path) -> Frame:
    return Seen(_written(folder, f"{HEADER}\n{CAFE}\n")).decided


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_encoding_and_line_ends_are_told_by_the_content(
    tmp_path: Path, encoding: str, sign: str, end: str
) -> None:
    text = f"{HEADER}\n{CAFE}\n"
    seen = Seen(_written(tmp_path, text.replace(",", sign).replace("\n", end), encoding))
    _same_figures(seen.decided, _plain(tmp_path))


def _variant(folder: Path, header: str, row: str) -> Seen:
    return Seen(_written(folder, f"{header}\n{row}\n"))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (HEADER.upper(), LOAN.format(id=7, title="x")),
        (HEADER.replace("_", " ").title(), LOAN.format(id=7, title="x")),
        (HEADER, LOAN.format(id="7.0", title="x")),
        (HEADER, '7,"$5,000.00","24,000.00",Dec-2011,Jan-1985,7.50%,3.0,9.4%,x'),
        (HEADER, "7,5000,24000,40878,31048,7.50%,3.0,9.4%,x"),  # Excel's day numbers
        (HEADER, "7,5000,24000,2011-12-01T00:00:00.000Z,1985-01-01,7.5,3.0,9.4,x"),  # Spark
        (HEADER, r'7,5000,24000,Dec-2011,Jan-1985,7.50%,3.0,9.4%,"a \", b \" c"'),
        (HEADER, '7,5000,24000,Dec-2011,Jan-1985,7.50%,3.0,9.4%,"ends in a backslash\\"'),
        (HEADER, LOAN.format(id=7, title="x,,,")),
        (HEADER + ",", LOAN.format(id=7, title="x")),
        (HEADER, "1," + LOAN.format(id=7, title="x")),  # R's write.table: row names, no column
        ("," + HEADER, "0," + LOAN.format(id=7, title="x")),  # pandas' index
        (HEADER.replace(",", ";"), "7;5000;24000,0;Dec-2011;Jan-1985;7,50%;3,0;9,4%;x"),
        ("a banner\n\n" + HEADER, LOAN.format(id=7, title="x")),
        (HEADER, LOAN.format(id=7, title="\x00 odd \x1a bytes")),
        (HEADER, "7,5e+03,2.4e4,Dec-2011,Jan-1985,7.50%,3.0,9.4%,NA"),
    ],
)
def test_the_same_loan_in_another_form_is_decided_the_same(
    tmp_path: Path, header: str, row: str
) -> None:
    seen = _variant(tmp_path, header, row)
    assert not seen.refused, seen.reasons
    plain = _plain(tmp_path)
    _same_figures(seen.decided, plain)
    for name in ("application_id", "applied_on", "credit_age_years"):
        np.testing.assert_array_equal(seen.decided[name], plain[name], err_msg=name)


def test_a_torn_loan_is_a_ragged_row_and_never_a_remark(tmp_path: Path) -> None:
    seen = _variant(tmp_path, HEADER, f"{LOAN.format(id=7, title='x')}\n8,5000,24000,Dec-2011")
    assert (seen.count, seen.refused) == (1, {"ragged_row": 1})
    assert seen.reasons[0].startswith("line 3: expected 9 cells as the header has, found 4")


def test_a_header_of_another_file_in_the_midst_stops_the_reading(tmp_path: Path) -> None:
    other = HEADER.replace("loan_amnt,annual_inc", "annual_inc,loan_amnt")
    text = f"{LOAN.format(id=7, title='x')}\n{other}\n{LOAN.format(id=8, title='x')}"
    with pytest.raises(LakehouseError, match="line 3 holds a header with other columns"):
        _variant(tmp_path, HEADER, text)


def test_one_ratio_below_one_is_no_sign_of_fractions(tmp_path: Path) -> None:
    seen = _variant(tmp_path, HEADER, "7,5000,24000,Dec-2011,Jan-1985,7.50%,0.5,0.2,x")
    assert seen.count == 1


def test_json_lines_without_ids_take_file_and_line_too(tmp_path: Path) -> None:
    path = tmp_path / "loans.json"
    event = '{"loan_amnt":5000,"annual_inc":24000,"issue_d":1322697600000,"int_rate":"7.5%"}'
    path.write_text(f"{event}\nnot json\n{event}\n", "utf-8")
    seen = Seen(path)
    assert seen.refused == {"malformed_json": 1}
    assert [event_id[-2:] for event_id in seen.decided["event_id"]] == ["-0", "-2"]
    path.write_text(f"{event}\n" + event.replace("{", '{"id": 7,') + "\n", "utf-8")
    mixed = Seen(path)
    assert [event_id[-2:] for event_id in mixed.decided["event_id"]] == ["-0", "7"]
    assert "no id in 1 of the first 2" in mixed.said[0]
    assert str(seen.decided["applied_on"][0]) == "2011-12-01"
