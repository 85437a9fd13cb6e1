"""A small boosting model with meaning, for the tests of what is said about its scores."""

from __future__ import annotations

from risk.contract.application import CONTRACT_VERSION
from risk.models.boosting import Boosting
from risk.models.boosting_document import BoostingFit, Intervals, Pair, Texts
from risk.models.document import PointScale


def a_boosting(version: str = "boosted-1") -> Boosting:
    """Return DTI and purpose, alone and together; the mean loan has a low DTI, another purpose."""
    return Boosting(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=("dti_pct", "purpose"),
        uses_lender_fields=False,
        scale=PointScale(pdo=20.0, anchor_points=600.0, anchor_odds=20.0),
        base=-2_000_000,
        codings=(
            Intervals(
                feature="dti_pct",
                direction="rises",
                limits=(20.0,),
                effects=(-100_000, 100_000, 50_000),
                loans=(30, 10, 0),
                defaults=(3, 2, 0),
            ),
            Texts(
                feature="purpose",
                values=("credit_card",),
                effects=(-50_000, 0, 200_000),
                loans=(10, 30, 0),
                defaults=(1, 4, 0),
            ),
        ),
        pairs=(
            Pair(
                features=("dti_pct", "purpose"),
                effects=((0, 0, 0), (0, 30_000, 60_000), (0, 0, 0)),
            ),
        ),
        fit=BoostingFit(
            data_sha256="0" * 64,
            loans=40,
            defaults=5,
            first_month="2010-01",
            last_month="2010-02",
            calibration_intercept=0.0,
            calibration_slope=1.0,
            left_out=(),
            libraries=(),
            rounds=1,
            bags=1,
            learning_rate=0.1,
            seed=1,
        ),
    )
