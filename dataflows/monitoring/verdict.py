"""Write a run's verdict in five lines, and its figures by name for the metrics."""

from dataflows.monitoring.run import Monitored
from lakehouse.registry.artefacts import CHAMPION
from risk.monitoring.population_shift import FeatureShift


def in_words(found: Monitored) -> str:
    """Return five lines: what was done, drift, what it did, performance, estimates."""
    return "\n".join(
        (
            _done(found),
            *_drift(found),
            *_performance(found),
        )
    )


def _done(found: Monitored) -> str:
    return (
        f"monitored {found.periods} closed {found.grain}s, recorded {found.recorded} figures, "
        f"rendered {len(found.reports)} reports"
    )


def in_figures(found: Monitored) -> dict[str, float]:
    """Return the newest figures of the model that decided last, by name."""
    figures = {"periods": float(found.periods), "recorded": float(found.recorded)}
    version = _newest(found)
    if version in found.drift:
        shift = found.drift[version].shift
        score = [each for each in shift.features if each.feature == "points"]
        figures |= {
            "drift_alarms": float(sum(each.is_alarm for each in shift.features)),
            "drifting_features": float(sum(_is_grave(each) for each in shift.features)),
            "mean_pd_shift": shift.pd,
            "worst_psi": max((each.psi for each in shift.features), default=0.0),
        }
        for each in score:
            figures["score_psi_above_chance"] = max(each.psi - each.noise, 0.0)
    if version in found.performance:
        newest = found.performance[version]
        area, ratio = newest.judged.auc, newest.judged.actual_over_expected
        figures |= {"auc": area.value} if area else {}
        if ratio:
            figures["actual_over_expected"] = ratio.value
            figures["actual_over_expected_low"] = ratio.low
        if newest.vintages and newest.vintages[-1].expected:
            figures["estimated_auc"] = newest.vintages[-1].expected.auc.value
            figures["estimates_reliable"] = float(newest.grade.is_reliable)
    return figures


def _is_grave(feature: FeatureShift) -> bool:
    """Tell an input of the model that alarms and moved so far that somebody has to act."""
    return feature.points is not None and feature.level == "act"


def _newest(found: Monitored) -> str:
    by_period = {version: each.period for version, each in found.drift.items()}
    return max(by_period, key=lambda version: by_period[version], default=CHAMPION)


def _drift(found: Monitored) -> tuple[str, str]:
    version = _newest(found)
    if version not in found.drift:
        reason = next(iter(found.without_reference.values()), "nothing was decided yet")
        return f"drift: not measured, {reason}", "effect on the score: not measured"
    newest = found.drift[version]
    shift = newest.shift
    alarms = sorted((each for each in shift.features if each.is_alarm), key=lambda each: -each.psi)
    named = ", ".join(f"{each.feature} {each.psi:.3f}" for each in alarms[:5])
    what = f"{len(alarms)} features moved beyond chance: {named}" if alarms else "none"
    if not shift.features:
        what = "not enough data"
    effect = (
        f"effect on the score: {shift.points:+.1f} points, {100 * shift.pd:+.2f} points of PD, "
        f"{shift.expected_loss_usd:+,.0f} USD of expected loss"
    )
    period = f"{found.grain} of {newest.period} (n = {shift.decisions})"
    return f"drift of {version}, {period}: {what}", effect


def _performance(found: Monitored) -> tuple[str, str]:
    judged = found.performance.get(_newest(found))
    if judged is None:
        return "performance: no outcomes yet", "estimates: nothing to grade them by"
    analysis = judged.judged
    graded = f"estimates without outcomes: {judged.grade.verdict}"
    if analysis.auc is None or analysis.actual_over_expected is None:
        return f"performance as of {judged.as_of}: {analysis.too_few}", graded
    area, ratio = analysis.auc, analysis.actual_over_expected
    said = (
        f"performance as of {judged.as_of}, {judged.term_months} months, {analysis.loans:,} loans: "
        f"AUC {area.value:.3f} ({area.low:.3f} to {area.high:.3f}), actual over expected "
        f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    )
    return said, graded
