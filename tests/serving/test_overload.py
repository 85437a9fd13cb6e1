"""Ten times what a key may ask, put to a real server: refused politely, and nothing breaks."""

from pathlib import Path

from tests.bench.overload import ALLOWED_PER_SECOND, BURST, run


def test_a_key_that_asks_too_often_gets_its_rate_and_is_told_when_to_come_back(
    tmp_path: Path,
) -> None:
    found = run(tmp_path, seconds=3)
    assert set(found["answers"]) == {"200", "429"}
    assert found["server_errors"] == 0
    assert found["without_retry_after"] == 0
    assert BURST <= found["answers"]["200"] <= ALLOWED_PER_SECOND * found["seconds"] + BURST
