"""Reading samples of loans, told apart by what they are; the loans are simulated."""

import gzip
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflows.derive_simulation import main, read_loans
from risk.frame.frame import Frame
from risk.simulation.parameters import SimulationParameters
from tests.risk.simulated import QUIET, a_simulator, read

_UNION = """
    id loan_amnt term int_rate sub_grade emp_length home_ownership annual_inc verification_status
    issue_d loan_status purpose addr_state dti revol_util total_acc open_acc earliest_cr_line
    application_type revol_bal inq_last_6mths delinq_2yrs pub_rec fico_range_low tot_cur_bal
    mort_acc initial_list_status zip_code
""".split()  # noqa: SIM905  (a table reads best as words)


def _rows(start: int, count: int, source: str) -> list[dict[str, Any]]:
    events = [read(event) for event in a_simulator(noise=QUIET).events(start, count)]
    return [event | {"id": str(event["id"]), "source": source} for event in events]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    footer = {"id": "Total amount funded", "source": "JGFuentesC/loans"}
    raw = [*_rows(0, 2_000, "JGFuentesC/loans"), footer]
    texts = [{k: None if v is None else str(v) for k, v in row.items()} for row in raw]
    schema = pa.schema([(name, pa.string()) for name in raw[0]])
    pq.write_table(pa.Table.from_pylist(texts, schema), folder / "loans_raw_151.parquet")
    samples = [
        *_rows(0, 100, "JGFuentesC/loans"),
        *_rows(3_000, 2_000, "kevinsaner91/loans"),
        *_rows(5_000, 1_000, "bbodami/loans"),
        *_rows(6_000, 100, "nobody/loans"),
        *_rows(9_000, 50, "someone tmp/raw_events"),
    ]
    samples[0] |= {"int_rate": "13.56%", "verification_status": "source verified", "dti": -1.0}
    union = [{name: row[name] for name in (*_UNION, "source")} for row in samples]
    for row in union[100:]:
        row["id"] = None
    union[0]["id"] = "not seen before"
    union[0]["emp_length"] = "n/a"
    pq.write_table(pa.Table.from_pylist(union), folder / "loans_union.parquet")
    with gzip.open(folder / "events_reference.jsonl.gz", "wb") as lines:
        events = a_simulator(noise=QUIET).events(9_000, 500)
        lines.write(b"\n".join([*events, *events[:10]]))
    return folder


@pytest.fixture(scope="module")
def loans(folder: Path) -> Frame:
    return read_loans(folder)


def test_each_loan_is_read_once(loans: Frame) -> None:
    """Of the union's first 100, which the raw file has too, one goes by an id of its own."""
    assert len(loans["term"]) == 1 + 2_000 + 1_000 + 100 + 2_000 + 500


def test_the_dialects_are_read_as_numbers_and_months(loans: Frame) -> None:
    assert loans["int_rate"][0] == 13.56
    assert loans["verification_status"][0] == "Source Verified"
    assert loans["emp_length"][0] is None
    assert np.isnan(loans["dti"][0]), "a code below zero stands for missing"
    assert set(loans["term"]) == {36.0, 60.0}
    event = read(a_simulator(noise=QUIET).events(9_000, 1)[0])
    month = np.datetime64(int(loans["origin.month"][-500]), "M").astype(object)
    assert f"{month:%b-%Y}" == event["issue_d"]


def test_samples_serve_what_they_are_good_for(loans: Frame) -> None:
    jgf, kevin, bbodami, other = 0, 1, 2_001, 3_001
    year = loans["origin.month"] // 12 + 1970
    assert loans["use.volume"][[jgf, kevin, bbodami, other]].tolist() == [True, True, False, False]
    assert loans["use.all_years"][[jgf, kevin]].tolist() == [True, False]
    assert np.isnan(loans["use.level"][[kevin, bbodami, other]]).all()
    assert loans["use.risk"][other] == loans["use.risk"][kevin] == -1
    assert not loans["use.marginal"][other]
    resolved = slice(bbodami, other)
    assert (loans["use.marginal"][resolved] == (year[resolved] <= 2015)).all()


def test_parameters_are_derived_and_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "parameters.json"
    assert main([str(folder), "--out", str(out)]) == 0
    parameters = msgspec.json.decode(out.read_bytes(), type=SimulationParameters)
    assert parameters.snapshot == "2019-03"
    assert a_simulator(parameters=parameters).events(0, 10)
    assert "bytes from" in capsys.readouterr().err
