"""Write a policy as one SQL statement that gives the same bands, tier and reasons.

It reads the relation that `risk.models.scorecard_sql` reads, and `applied_on`, which selects the
rules in force.
"""

from collections.abc import Sequence
from datetime import date

from risk.contract.application import Band, Tier
from risk.features.sql import SqlSource, number, text
from risk.policy.document import Condition, Edges, Policy, Scale


def policy_sql(policy: Policy, applications: SqlSource) -> str:
    """Return the statement; its columns are event_id, bands, flag, tier and reasons.

    Applications that the policy refuses (`risk.policy.rules.refusals`) are left out.
    """
    joint = {figure.column: figure.joint_column for figure in policy.joint_figures}
    names = sorted({rule.column for rule in policy.rules} | set(policy.required))
    figures = ",\n".join(
        f"        {_named(applications.figure(each, joint.get(each)), each)}" for each in names
    )
    bands = ",\n".join(f"        {_band(scale)} as {scale.name}" for scale in policy.scales)
    met = ",\n".join(f"        {_met(each)} as {each.name}" for each in policy.conditions)
    return f"""\
-- Policy {policy.version}: {policy.label}
-- Grain: one row an application that the policy judges; by the rules in force on applied_on.
with figures as (
    select
        event_id,
        applied_on,
{figures}
    from {applications.table}
),

judged as (
    select
        event_id,
        applied_on,
{bands},
{met}
    from figures
    where {_accepted(policy)}
),

flagged as (
    select
        *,
        {_flag(policy)} as early_warning_flag,
        {_elevated(policy)} as is_elevated
    from judged
)

select
    event_id,
    {", ".join(scale.name for scale in policy.scales)},
    early_warning_flag,
    case
        when early_warning_flag then {text(Tier.WATCHLIST)}
        when is_elevated then {text(Tier.ELEVATED)}
        else {text(Tier.LOW)}
    end as tier,
    case
        when early_warning_flag then {_joined(_watchlist_codes(policy))}
        when is_elevated then {_joined(_elevated_codes(policy))}
        else {text(policy.low_code or "")}
    end as reasons
from flagged
"""


def _named(expression: str, name: str) -> str:
    return expression if expression == name else f"{expression} as {name}"


def _accepted(policy: Policy) -> str:
    since = f"applied_on >= date '{policy.effective_from}'"
    return " and ".join([since, *(f"{name} is not null" for name in policy.required)])


def _dated(versions: Sequence[tuple[date, str]]) -> str:
    """Return what holds on `applied_on`; the first version before the second begins."""
    (_, first), *later = versions
    if not later:
        return first
    whens = " ".join(
        f"when applied_on >= date '{since}' then {holds}" for since, holds in reversed(later)
    )
    return f"case {whens} else {first} end"


def _band(scale: Scale) -> str:
    return _dated([(each.effective_from, _band_by(scale, each)) for each in scale.versions])


def _band_by(scale: Scale, version: Edges) -> str:
    name = scale.column
    missing = "null" if scale.missing is None else text(scale.missing)
    lines = [f"when {name} is null then {missing}"]
    if scale.within is not None:
        above, up_to = map(number, scale.within)
        lines.append(f"when {name} <= {above} or {name} > {up_to} then null")
    low, moderate, high, very_high = (text(band) for band in Band if band is not Band.MISSING)
    lines += [
        f"when {name} <= {number(edge)} then {band}"
        for edge, band in zip(version.edges, (low, moderate, high), strict=True)
    ]
    body = "".join(f"\n            {line}" for line in lines)
    return f"case{body}\n            else {very_high}\n        end"


def _met(condition: Condition) -> str:
    sign = ">=" if condition.comparison == "at_least" else ">"
    return _dated(
        [
            (
                each.effective_from,
                f"coalesce({condition.column} {sign} {number(each.threshold)}, false)",
            )
            for each in condition.versions
        ]
    )


def _flag(policy: Policy) -> str:
    groups = [f"({' or '.join(group) or 'false'})" for group in policy.early_warning]
    return " and ".join(groups) or "true"


def _elevated(policy: Policy) -> str:
    return " or ".join(_is_in(*each) for each in _elevations(policy)) or "false"


def _is_in(scale: str, band: str) -> str:
    return f"coalesce({scale} = {text(band)}, false)"


def _elevations(policy: Policy) -> dict[tuple[str, str], str | None]:
    """Return the codes of the bands that elevate, in the order in which reasons name them."""
    return {
        (scale.name, each.band.value): each.code
        for scale in policy.scales
        for each in policy.elevating
        if each.scale == scale.name
    }


def _watchlist_codes(policy: Policy) -> list[str]:
    codes = {
        condition.name: _dated(
            [(each.effective_from, text(each.code)) for each in condition.versions]
        )
        for condition in policy.conditions
    }
    return [f"case when {name} then {code} end" for name, code in codes.items()]


def _elevated_codes(policy: Policy) -> list[str]:
    return [
        f"case when {_is_in(*where)} then {text(code)} end"
        for where, code in _elevations(policy).items()
        if code is not None
    ]


def _joined(codes: Sequence[str]) -> str:
    if not codes:
        return "''"
    listed = ",\n            ".join(["'|'", *codes])
    return f"concat_ws(\n            {listed}\n        )"
