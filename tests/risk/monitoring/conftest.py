from typing import Any

import pytest

from risk.fitting.scorecard import fit_scorecard
from risk.frame.frame import complete
from risk.models.model import Model
from tests.risk.loans import some_loans


@pytest.fixture(scope="session")
def loans() -> Any:
    frame, _ = some_loans(4_000)
    return complete(frame)


@pytest.fixture(scope="session")
def champion() -> Model:
    frame, defaulted = some_loans(4_000)
    return fit_scorecard(frame, defaulted, version="scorecard-t", data_sha256="0" * 64)
