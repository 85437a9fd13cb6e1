"""The exceptions of the domain, as one small tree.

::

    RiskError            risk_error
    |-- ContractError    contract_error    a frame or column differs from the contract
    |-- FeatureError     feature_error     a feature may not, or cannot, be admitted
    |-- PolicyError      policy_error      a policy document contradicts itself or the contract
    `-- ModelError       model_error       a model document contradicts itself, or was altered

An application that cannot be read or trusted raises no exception: it becomes a
`risk.contract.application.Reject`.
"""

from typing import ClassVar


class RiskError(Exception):
    """Say what is wrong, where, what was expected, what was found and what to do about it."""

    code: ClassVar[str] = "risk_error"


class ContractError(RiskError):
    """A frame lacks a column the contract names, or holds it with another type or length."""

    code: ClassVar[str] = "contract_error"


class FeatureError(RiskError):
    """A feature is not knowable at application, is named twice, or cannot be derived."""

    code: ClassVar[str] = "feature_error"


class PolicyError(RiskError):
    """A policy document names an unknown column, tier or band, or its dates do not line up."""

    code: ClassVar[str] = "policy_error"


class ModelError(RiskError):
    """A model document is inconsistent, altered, or asks for a column that is not a feature."""

    code: ClassVar[str] = "model_error"
