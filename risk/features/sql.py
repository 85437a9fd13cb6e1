"""Features as SQL: the same values as `risk.models.inputs.model_columns` and `derive`."""

from dataclasses import dataclass
from typing import Final

_RATIOS: Final = {
    "amount_to_income": ("amount_usd", "income_usd"),
    "revolving_to_income": ("revolving_balance_usd", "income_usd"),
    "open_share": ("open_accounts", "total_accounts"),
}
_JOINT: Final = {"income_usd": "joint_income_usd", "dti_pct": "joint_dti_pct"}


@dataclass(frozen=True, slots=True)
class SqlSource:
    """A relation of applications.

    Attributes
    ----------
    table
        Its name.
    has_joint_figures
        Whether both applicants' figures are in columns of their own, as in clean applications; else
        they stand in the first applicant's columns already, as in decisions.
    """

    table: str = "applications"
    has_joint_figures: bool = True

    def figure(self, name: str, joint: str | None) -> str:
        """Return a column, the joint one's value in its place where the application is joint."""
        if joint is None or not self.has_joint_figures:
            return name
        return f"case when is_joint and {joint} is not null then {joint} else {name} end"

    def feature(self, name: str) -> str:
        """Return a model's feature with its name."""
        if name in _RATIOS:
            part, whole = (self.figure(each, _JOINT.get(each)) for each in _RATIOS[name])
            return f"case when {whole} > 0 then {part} / ({whole}) end as {name}"
        found = self.figure(name, _JOINT.get(name))
        return found if found == name else f"{found} as {name}"


def number(value: float) -> str:
    """Return a number that reads as the same double everywhere."""
    return repr(float(value))


def text(value: str) -> str:
    """Return a text, quoted."""
    return "'" + value.replace("'", "''") + "'"
