from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from dataflows.sources.files import FileBatch, open_file
from dataflows.sources.urls import FileSource

HEADER = "id,loan_amnt,term,int_rate,desc,emp_title\n"
PROSPECTUS = "Notes offered by Prospectus (https://www.lendingclub.com/info/prospectus.action)\n"


def read(path: Path, text: str | bytes) -> FileBatch:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (batch,) = open_file(FileSource(str(path))).read(0, max_records=10_000, max_bytes=1 << 30)
    return batch


def objects(batch: FileBatch) -> list[dict[str, Any]]:
    return [
        msgspec.json.decode(value)
        for row, value in enumerate(batch.values)
        if row not in batch.foreign
    ]


def test_a_row_becomes_the_object_that_a_producer_would_have_sent(tmp_path: Path) -> None:
    batch = read(tmp_path / "a.csv", HEADER + "53595000,15000.0, 36 months,13.56%,,nurse\n")
    assert batch.values == [
        (
            b'{"id":"53595000","loan_amnt":15000.0,"term":" 36 months","int_rate":"13.56%",'
            b'"desc":null,"emp_title":"nurse"}'
        )
    ]
    assert batch.offsets == [1]


def test_text_that_reads_as_no_finite_number_stays_for_the_contract_to_refuse(
    tmp_path: Path,
) -> None:
    texts = ["1e400", "12k", "1_000", "9" * 400, "٣"]
    rows = "".join(f"1,{text},,,,\n" for text in texts)
    assert [row["loan_amnt"] for row in objects(read(tmp_path / "a.csv", HEADER + rows))] == texts


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    (value,) = read(tmp_path / "a.csv", HEADER + "1,15000,,,,\n").values
    assert b'"loan_amnt":15000,' in value


def test_commas_quotes_and_line_breaks_within_quotes_belong_to_the_cell(tmp_path: Path) -> None:
    rows = '1,1,,,"He said ""hi"",\n\nand left",x\n2,2,,,,\n'
    batch = read(tmp_path / "a.csv", HEADER + rows)
    assert [row["desc"] for row in objects(batch)] == ['He said "hi",\n\nand left', None]
    assert batch.offsets == [3, 4]  # the lines on which the records end


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = (HEADER + '1,1,,,"a\nb",x\n').replace("\n", "\r\n")
    (row,) = objects(read(tmp_path / "a.csv", b"\xef\xbb\xbf" + text.encode()))
    assert row["id"] == "1"
    assert row["desc"] == "a\r\nb"


def test_the_lines_around_the_records_of_the_public_file_break_nothing(tmp_path: Path) -> None:
    footer = "Total amount funded in policy code 1: 6417608175"
    between = "Loans that do not meet the credit policy"
    text = f"{PROSPECTUS}{HEADER}1,1,,,,\n\n\n{between}\n2,2,,,,\n{footer},,,,,\r\n\n{footer}\n\n"
    batch = read(tmp_path / "a.csv", text)
    assert [row["id"] for row in objects(batch)] == ["1", "2"]
    assert [batch.values[row] for row in sorted(batch.foreign)] == [
        between.encode(),
        f"{footer},,,,,".encode(),
        footer.encode(),
    ]
    assert batch.offsets == [2, 5, 6, 7, 9]


def test_a_line_that_is_no_csv_before_the_header_is_passed_over(tmp_path: Path) -> None:
    assert len(objects(read(tmp_path / "a.csv", f"a\rb\n{HEADER}1,1,,,,\n"))) == 1


@pytest.mark.parametrize("row", ["1,1,,", "1,1,,,,,x", ",,,,,", "   "])
def test_a_row_without_one_cell_per_column_is_foreign(tmp_path: Path, row: str) -> None:
    batch = read(tmp_path / "a.csv", f"{HEADER}1,1,,,,\n{row}\n2,2,,,,\n")
    assert {*batch.foreign} == {1}
    assert batch.values[1] == row.encode()
    assert len(objects(batch)) == 2


@pytest.mark.parametrize("good", [3, 3_000])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path, good: int) -> None:
    rows = "".join(f"{i},{i}.5,,,{'words ' * 20},\n" for i in range(1, good))
    batch = read(tmp_path / "a.csv", f'{HEADER}{rows}0,1,,,"never closed,x\n{rows}')
    assert {*batch.foreign} == {good - 1}
    assert batch.values[good - 1] == b'0,1,,,"never closed,x'
    assert [row["id"] for row in objects(batch)] == [str(i) for i in range(1, good)] * 2


def test_a_line_of_another_encoding_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    batch = read(tmp_path / "a.csv", HEADER.encode() + b"1,1,,,,caf\xe9\n2,2,,,,caf\xc3\xa9\n")
    assert [row["emp_title"] for row in objects(batch)] == ["caf\xe9", "caf\xe9"]
    assert not batch.foreign


def test_a_cell_beyond_the_parsers_limit_is_foreign(tmp_path: Path) -> None:
    batch = read(tmp_path / "a.csv", f"{HEADER}1,1,,,{'x' * 200_000},\n2,2,,,,\n")
    assert {*batch.foreign} == {0}
    assert [row["id"] for row in objects(batch)] == ["2"]


def test_columns_that_the_contract_does_not_know_pass_as_text(tmp_path: Path) -> None:
    (row,) = objects(read(tmp_path / "a.csv", "id,loan_amnt,shoe_size,\n1,2,43,x\n"))
    assert row == {"id": "1", "loan_amnt": 2, "shoe_size": "43", "Unnamed: 3": "x"}


def test_an_awkward_text_is_the_same_text_after_the_round_trip(tmp_path: Path) -> None:
    text = "=cmd()\t<b> \\ \u202e \U0001f469\u200d\U0001f4bb Zo\u00eb \x00"
    (row,) = objects(read(tmp_path / "a.csv", f"{HEADER}1,1,,,,{text}\n"))
    assert row["emp_title"] == text.replace("\x00", "\ufffd")
