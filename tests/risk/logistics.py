"""A small logistic regression with meaning, for the tests of it and of what is said of it."""

from __future__ import annotations

from risk.contract.application import CONTRACT_VERSION
from risk.models.document import PointScale
from risk.models.logistic import Logistic
from risk.models.logistic_document import Curve, Levels, LogisticFit, Tried


def a_logistic(version: str = "logistic-1") -> Logistic:
    """Return DTI, income and purpose; the credit age goes against what its reason says."""
    return Logistic(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=("dti_pct", "purpose", "income_usd", "credit_age_years"),
        uses_lender_fields=False,
        scale=PointScale(pdo=20.0, anchor_points=600.0, anchor_odds=20.0),
        base=-2_000_000,
        effects=(
            Curve(
                feature="dti_pct",
                mean=0,
                transform="identity",
                low=0.0,
                high=40.0,
                centre=20.0,
                scale=10.0,
                weight=0.2,
                missing=50_000,
            ),
            Levels(
                feature="purpose",
                mean=12_500,
                values=("credit_card", "car"),
                effects=(-50_000, 100_000, 0, 200_000),
                loans=(20, 15, 5, 0),
                defaults=(1, 4, 0, 0),
            ),
            Curve(
                feature="income_usd",
                mean=0,
                transform="log1p",
                low=9_999.0,
                high=999_999.0,
                centre=11.5,
                scale=0.5,
                weight=-0.1,
                missing=0,
            ),
            Curve(
                feature="credit_age_years",
                mean=0,
                transform="identity",
                low=3.0,
                high=33.0,
                centre=13.0,
                scale=5.0,
                weight=0.05,
                missing=30_000,
            ),
        ),
        fit=LogisticFit(
            data_sha256="0" * 64,
            loans=40,
            defaults=5,
            first_month="2010-01",
            last_month="2010-02",
            calibration_intercept=0.0,
            calibration_slope=1.0,
            left_out=(),
            libraries=(),
            inverse_penalty=0.1,
            tried=(Tried(inverse_penalty=0.1, auc=0.7, log_loss=0.4),),
        ),
    )
