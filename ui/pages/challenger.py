"""The page Champion / challenger: where they differ, and whether to promote the challenger."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.lake import book, queries
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.session import Lake
from risk.monitoring.backtest import wilson
from risk.monitoring.champion_challenger import Trial, Verdict, observe
from ui.cards import Card, Nothing, View
from ui.figures import challenger as figures
from ui.look import parts, words
from ui.look.parts import Level
from ui.page import Page

EDGES: Final = (0.05, 0.10, 0.15, 0.20, 0.30)
_LONGEST_TERM_MONTHS: Final = 60
_GRACE_MONTHS: Final = 12
_APPROVED: Final = 0.8
_FEW: Final = 30


def _versions(view: View) -> tuple[str, str]:
    found = view.ask(view.desk.stores.listing)
    if not found.challengers:
        raise Nothing(
            "No challenger scores beside the champion",
            'just models challenge boosting-1 --reason "to be seen beside the champion"',
        )
    return found.champion, found.challengers[0]


def _agreement(lake: Lake, chosen: Chosen, challenger: str) -> Any:
    return book.agreement(lake, chosen, challenger=challenger, edges=EDGES)


def _pairs(lake: Lake, champion: str, challenger: str) -> pa.Table:
    return queries.paired_scores(
        lake,
        champion=champion,
        challenger=challenger,
        longest_term_months=_LONGEST_TERM_MONTHS,
        grace_months=_GRACE_MONTHS,
    )


def _says(view: View) -> str:
    champion, challenger = _versions(view)
    return (
        f"{champion} decides, {challenger} scores the same applications beside it and decides "
        "nothing"
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """The trial after each month of applications."""

    months: tuple[date, ...]
    better: tuple[float, ...]
    worse: tuple[float, ...]
    trial: Trial
    defaults: int


@dataclass(frozen=True, slots=True)
class Swap:
    """Loans that the two models treat alike, each approving its best four fifths."""

    by_champion: bool
    by_challenger: bool
    loans: int
    defaults: int
    amount_usd: float


@dataclass(frozen=True, slots=True)
class Matured:
    """What the loans of matured months say: a million of them, asked once and told in a few."""

    evidence: Evidence
    swaps: tuple[Swap, ...]


def _told(lake: Lake, champion: str, challenger: str) -> Matured | None:
    """Return what the pairs of PDs and outcomes say; None while no month has matured."""
    pairs = _pairs(lake, champion, challenger)
    if not pairs.num_rows:
        return None
    mine, theirs = (pairs.column(f"{name}_pd").to_numpy() for name in ("champion", "challenger"))
    bad = pairs.column("defaulted").to_numpy(zero_copy_only=False).astype(np.bool_)
    months = pairs.column("month").to_numpy()
    usd = pairs.column("amount_usd").to_numpy()
    return Matured(_course_of(months, mine, theirs, bad), _swaps_of(mine, theirs, bad, usd))


def _course_of(
    months: NDArray[Any],
    mine: NDArray[np.float64],
    theirs: NDArray[np.float64],
    bad: NDArray[np.bool_],
) -> Evidence:
    trial = Trial()
    seen, better, worse = [], [], []
    for month in np.unique(months):
        held = months == month
        trial = observe(trial, mine[held], theirs[held], bad[held])
        seen.append(month.astype("datetime64[D]").item())
        better.append(trial.e_better)
        worse.append(trial.e_worse)
    return Evidence(tuple(seen), tuple(better), tuple(worse), trial, int(bad.sum()))


def _swaps_of(
    mine: NDArray[np.float64],
    theirs: NDArray[np.float64],
    bad: NDArray[np.bool_],
    usd: NDArray[np.float64],
) -> tuple[Swap, ...]:
    by_champion = mine <= np.quantile(mine, _APPROVED)
    by_challenger = theirs <= np.quantile(theirs, _APPROVED)
    found = []
    for was, will in ((True, True), (True, False), (False, True), (False, False)):
        held = (by_champion == was) & (by_challenger == will)
        found.append(Swap(was, will, int(held.sum()), int(bad[held].sum()), float(usd[held].sum())))
    return tuple(found)


def _matured(view: View) -> Matured:
    found: Matured | None = view.ask(_told, *_versions(view))
    if found is None:
        raise Nothing("No month has matured: the longest loans of it are still open")
    return found


def _verdict(view: View) -> Any:
    champion, challenger = _versions(view)
    found = _matured(view).evidence
    trial, gain = found.trial, found.trial.difference
    said: dict[Verdict, tuple[Level, str]] = {
        Verdict.PROMOTE: ("ok", f"{challenger} is better: it may be promoted"),
        Verdict.KEEP_WATCHING: ("idle", "Keep watching: the evidence does not suffice yet"),
        Verdict.DROP: ("warn", f"{challenger} is worse than {champion}: drop it"),
    }
    level, title = said[trial.verdict]
    text = (
        f"Brier gain {gain.value:+.5f} ({gain.low:+.5f} \N{EN DASH} {gain.high:+.5f}) over "
        f"{words.count(trial.loans)} matured loans, {words.count(found.defaults)} defaults; "
        f"evidence {trial.e_better:.2g} for better, {trial.e_worse:.2g} for worse, "
        f"{1 / trial.alpha:.0f} needed."
    )
    return parts.verdict(level, title, text)


def _matrix(view: View) -> Any:
    champion, challenger = _versions(view)
    rows = view.ask(_agreement, view.filters.chosen(view.book), challenger).to_pylist()
    if not rows:
        raise Nothing("No application of this period was scored by both")
    counts = {(r["champion_band"], r["challenger_band"]): r["applications"] for r in rows}
    shown = figures.matrix(view.scheme, champion, challenger, EDGES, counts)
    legend = parts.legend(
        ("", "accent-pale", "same band"),
        ("", "heat-2", "one band apart"),
        ("", "heat-3", "further"),
    )
    return parts.chart("cc-matrix", shown, legend)


def _course(view: View) -> Any:
    found = _matured(view).evidence
    legend = parts.legend(
        ("line", "accent", "for better"),
        ("line", "watchlist", "for worse"),
        ("dash", "text2", "enough to act"),
    )
    shown = figures.evidence(
        view.scheme, found.months, found.better, found.worse, 1 / found.trial.alpha
    )
    return parts.chart("cc-evidence", shown, legend)


def _swaps(view: View) -> Any:
    champion, challenger = _versions(view)
    swaps = _matured(view).swaps
    total = sum(each.loans for each in swaps)
    names = {
        (True, True): "both approve",
        (True, False): f"only {champion} approves",
        (False, True): f"only {challenger} approves",
        (False, False): "both refuse",
    }
    rows = []
    for each in swaps:
        rate = wilson(each.defaults, each.loans) if each.loans >= _FEW else None
        few = f"n {each.loans}, too few to tell"
        rows.append(
            [
                names[each.by_champion, each.by_challenger],
                words.count(each.loans),
                words.percent(each.loans / total),
                words.percent(rate.value) if rate else few,
                words.interval(rate.low, rate.high) if rate else "",
                " ".join(words.amount(each.amount_usd)),
            ]
        )
    return parts.table(
        ["At 80% approved by each", "Loans", "Share", "Bad rate", "95 % interval", "Exposure"],
        rows,
        right=(1, 2, 3, 4, 5),
    )


PAGE: Final = Page(
    path="/challenger",
    title="Champion / challenger",
    says=_says,
    placed=(
        Card(key="cc-verdict", draw=_verdict, title="Verdict", height=66, is_bare=True),
        Card(
            key="cc-matrix",
            draw=_matrix,
            title="Same applications, two PDs",
            note="applications by band of PD; the champion's down, the challenger's across",
            span=5,
            height=330,
        ),
        Card(
            key="cc-evidence",
            draw=_course,
            title="Evidence",
            note="by month of application, matured months; log scale; may be looked at any day",
            span=7,
            height=330,
        ),
        Card(
            key="cc-swaps",
            draw=_swaps,
            title="Swap sets",
            note="matured loans, each model approving its best four fifths",
            height=150,
        ),
    ),
    foot="The policy gives the tier, so a challenger changes PDs, points and reasons, never a "
    "tier. Over accepted loans only.",
)
