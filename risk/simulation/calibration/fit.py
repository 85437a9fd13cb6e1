"""Fit `SimulationParameters` to real loans: a frame in, a document out."""

import numpy as np

from risk.frame.frame import Frame, take
from risk.simulation.calibration.catalogue import ERA, ERA_TERM, LATENTS, YEAR_TERM
from risk.simulation.calibration.copula import fit_copula
from risk.simulation.calibration.latents import carries, is_given, latent_columns
from risk.simulation.calibration.marginals import Sample, fit_latent
from risk.simulation.calibration.outcomes import fit_outcomes
from risk.simulation.calibration.tables import (
    SMALLEST_CELL,
    availability,
    common,
    joint_shares,
    long_term_shares,
    prices,
    purpose_shares,
    states_by_home,
    vintage_weights,
    year_of,
    yearly_shares,
    zips_by_state,
)
from risk.simulation.parameters import TERMS, Cells, MarginalLevels, SimulationParameters

YEARS = tuple(range(2012, 2019))
CELLS = {
    YEAR_TERM: Cells(eras=[0, 1, 2, 3, 4, 5, 6], by_term=True),
    ERA_TERM: Cells(eras=[0, 0, 1, 2, 3, 4, 4], by_term=True),
    ERA: Cells(eras=[0, 0, 1, 1, 2, 2, 2], by_term=False),
    "purpose": Cells(eras=[0, 0, 1, 2, 3, 3, 3], by_term=True),
}


def fit_simulation(
    loans: Frame, *, version: str, about: str, snapshot: str, rng: np.random.Generator
) -> SimulationParameters:
    """Fit everything.

    Parameters
    ----------
    loans
        LendingClub's fields: numbers as float64 with NaN where missing, months as numbers from
        January 1970, texts as objects. Beside them ``origin.month``, ``rate.base`` (the interest
        rate), ``is.joint`` (1, 0, NaN), and what each loan may be used for: ``use.marginal``
        (drawn at random), ``use.volume`` (so were its term and month), ``use.all_years`` (from a
        sample of all years), ``use.price`` (its rate is one of its half-year's), ``use.level``
        and ``use.risk`` (see `fit_outcomes`), ``use.sample`` (the number of its sample).
    version, about, snapshot
        As in the parameters.
    rng
        For the simulations by which the correlation is matched.
    """
    year = year_of(loans)
    recent = take(loans, np.isin(year, YEARS))
    volume = take(recent, recent["use.volume"])
    purposes = list(common(recent["purpose"][recent["use.marginal"]].tolist()))
    rows = take(recent, recent["use.marginal"] & np.isin(recent["purpose"], purposes))
    codes = {purpose: code for code, purpose in enumerate(purposes)}
    sample = Sample(
        columns=latent_columns(rows),
        year=year_of(rows) - YEARS[0],
        is_long=rows["term"] == TERMS[1],
        purpose=np.array([codes[purpose] for purpose in rows["purpose"].tolist()]),
        is_joint=rows["is.joint"] == 1,
    )
    latents = [fit_latent(s, sample, CELLS[s.cells], SMALLEST_CELL) for s in LATENTS]
    copula = fit_copula(sample, latents, CELLS, len(purposes), rng)
    effects, scale = copula.shift_and_scale(sample.nominal(len(purposes)))
    factor = scale[:, None] * np.linalg.cholesky(copula.correlation)
    told = take(volume, carries(volume, "desc"))
    homes = next(latent for latent in latents if latent.name == "home_ownership")
    states = states_by_home(
        rows, [str(value) for value in homes.values] if isinstance(homes, MarginalLevels) else []
    )
    return SimulationParameters(
        version=version,
        about=about,
        loans=len(rows["term"]),
        smallest_cell=SMALLEST_CELL,
        snapshot=snapshot,
        years=list(YEARS),
        vintages=vintage_weights(volume, YEARS),
        cells=CELLS,
        long_term=long_term_shares(volume, YEARS),
        purposes=purposes,
        purpose_shares=purpose_shares(
            sample.cell(CELLS["purpose"]), sample.purpose, CELLS["purpose"], len(purposes)
        ),
        joint=joint_shares(rows),
        latents=latents,
        effects=[[round(float(value), 3) for value in row] for row in effects],
        factor=[
            [round(float(value), 4) for value in row[: number + 1]]
            for number, row in enumerate(factor)
        ],
        rates=prices(take(recent, recent["use.price"]), YEARS),
        states=states,
        zips=zips_by_state(recent, {state for shares in states.values() for state in shares}),
        employers=common(recent["emp_title"].tolist()),
        described=yearly_shares(told, is_given(told["desc"]), YEARS),
        availability=availability(rows),
        outcomes=fit_outcomes(take(loans, year >= YEARS[0]), YEARS),
    )
