"""A large file streams: six times the bytes take no more memory, and how far it is is told."""

import json
from pathlib import Path

import pytest

from tests.flow import running_flow, sound_account

ROW = '{id},5000,24000,Dec-2011,Jan-1985,7.50%,3.0,9.4%,"{title}"\n'
HEADER = "id,loan_amnt,annual_inc,issue_d,earliest_cr_line,int_rate,dti,revol_util,desc\n"
TITLE = "a long description of what the loan is for, as the applicant gave it, " * 60
MOST_MORE_MIB = 64.0


def a_file(path: Path, rows: int) -> Path:
    """Write so many loans, whose ids are their numbers."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(ROW.format(id=number, title=TITLE) for number in range(rows))
    return path


def peak_mib(file: Path, home: Path) -> tuple[float, list[float]]:
    """Return the most memory of its own that the flow took, and the shares done that it told."""
    settings = {"RISK_SOURCE": str(file), "RISK_HOME": str(home)}
    peak = 0.0
    home.mkdir()
    with running_flow(settings, log=home / "flow.log") as flow:
        while flow.process.poll() is None:
            try:
                peak = max(peak, flow.anonymous_mib())
            except (OSError, StopIteration):  # it has just ended
                break
        assert flow.wait(seconds=60) == 0
        lines = [json.loads(line) for line in flow.tail().splitlines() if line.startswith("{")]
    with file.open("rb") as content:
        assert sound_account(settings)["decided"] == sum(1 for _ in content) - 1
    return peak, [line["share_done"] for line in lines if line["event"] == "progress"]


@pytest.mark.long
@pytest.mark.timeout(290)
def test_six_times_the_bytes_take_no_more_memory_and_progress_is_told(tmp_path: Path) -> None:
    """21 MB and 128 MB; what is decided and kept of a row does not grow with its text."""
    small, _ = peak_mib(a_file(tmp_path / "small.csv", 5_000), tmp_path / "a")
    large, shares = peak_mib(a_file(tmp_path / "large.csv", 30_000), tmp_path / "b")
    assert large < small + MOST_MORE_MIB, f"{small:.0f} MiB, then {large:.0f} MiB"
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] < shares[-1] == 1.0
