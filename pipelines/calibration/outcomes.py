"""Calibrated outcomes of agents: indirect standardisation for contact mix, then beta-binomial shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from pipelines.calibration.bands import FALSE_DISCOVERY, bands, more_to_tell
from pipelines.calibration.coding import coded, require
from pipelines.stats.beta_binomial import BetaBinomial, fit_beta_binomial
from pipelines.stats.intervals import wilson
from pipelines.stats.ratings import FloatArray
from pipelines.stats.standardise import expected_shares

# Expected shares of exactly 0 or 1 leave no room to differ; this is one in twenty thousand.
_EDGE = 5e-5


@dataclass(frozen=True)
class CalibratedOutcomes:
    """Agents' rates of one outcome.

    Attributes:
        agents: One row an agent; see `calibrated_outcomes`.
        precision: Contacts that the prior is worth: the smaller, the more agents differ; None where they
            differ by no more than chance.
        changed: Agents whose band calibration changes.
        note: Why there are no agents; empty otherwise.
    """

    agents: pl.DataFrame
    precision: float | None
    changed: int
    note: str = ""


def calibrated_outcomes(
    cells: pl.DataFrame,
    strata: Sequence[str] = ("channel", "issue"),
    *,
    higher_is_better: bool = True,
    false_discovery: float = FALSE_DISCOVERY,
) -> CalibratedOutcomes:
    """Rates of every agent against what the program would have on the same contacts.

    A stratum is a program's cell of the contact mix; what it would give is the program's rate there. The
    agent's own rate is shrunk toward that expectation (Beta(M·e, M·(1 − e)), M by maximum likelihood), and
    the calibrated rate puts the shrunk rate's odds, over the expected odds, on the program's rate: what the
    agent would show on the program's mix. Rates stay within 0 and 1, and equal the shrunk rate where the
    mix is the program's.

    Args:
        cells: agent_id, the strata's columns, successes, trials, and where known program_id. Several rows
            of one cell are added up; rows without an agent count in the expectation only.
        strata: Columns of the contact mix (channel, issue, value band, …).
        higher_is_better: Whether above the program is good; an outcome such as escalation_rate is not.
        false_discovery: Share of wrong calls among those above or below.

    Returns:
        `agents` has agent_id, program_id, trials, successes, raw_rate with raw_lower and raw_upper
        (Wilson), raw_band, expected_rate (from the mix), program_rate, calibrated_rate with lower and
        upper, deviation (calibrated less program), p_value (adjusted), band (above or below by size),
        standing (better, within, worse), band_changed, mix_part (expected less program rate), chance_part
        (what shrinkage takes back), more_contacts (at which the band would be decided; 0 when it is, null
        when hopeless).

    Raises:
        ValueError: If a column is missing or counts are impossible.
    """
    require(cells, ["agent_id", "successes", "trials", *strata], "cells")
    program = pl.col("program_id") if "program_id" in cells.columns else pl.lit("all").alias("program_id")
    cells = cells.with_columns(program.cast(pl.String).fill_null("(unknown)")).filter(pl.col("trials") > 0)
    known = cells.filter(pl.col("agent_id").is_not_null())
    people = coded(known, "agent_id") if known.height else None
    if people is None or people.levels < 2:
        return CalibratedOutcomes(_empty(), None, 0, "fewer than two agents have a contact that counts")
    y, n = known["successes"].cast(pl.Float64).to_numpy(), known["trials"].cast(pl.Float64).to_numpy()
    agent_n = np.bincount(people.code, weights=n).astype(np.float64)
    agent_y = np.bincount(people.code, weights=y).astype(np.float64)
    if agent_y.sum() in (0.0, agent_n.sum()):
        return CalibratedOutcomes(
            _empty(), None, 0, "every contact ended the same way: nothing to tell apart"
        )
    expected, home, program_rate, program_names = _expected(cells, known, people.code, strata)
    fit = fit_beta_binomial(agent_y, agent_n, np.clip(expected, _EDGE, 1 - _EDGE))
    rate, lower, upper = (
        _on_mix(part, fit.expected, program_rate) for part in (fit.value, fit.lower, fit.upper)
    )
    # Against the program on the scale where the model works, so that mix does not change who is told.
    band, p = bands(fit.value - fit.expected, fit.standard_error, false_discovery=false_discovery)
    raw = agent_y / agent_n
    raw_lower, raw_upper = wilson(agent_y, agent_n)
    noise = np.sqrt(program_rate * (1 - program_rate) / agent_n)
    raw_band, _ = bands(raw - program_rate, noise, false_discovery=false_discovery)
    better = (
        {"above": "better", "below": "worse"} if higher_is_better else {"above": "worse", "below": "better"}
    )
    agents = pl.DataFrame(
        {
            "agent_id": people.names,
            "program_id": program_names.gather(home),
            "trials": agent_n,
            "successes": agent_y,
            "raw_rate": raw,
            "raw_lower": raw_lower,
            "raw_upper": raw_upper,
            "raw_band": raw_band,
            "expected_rate": expected,
            "program_rate": program_rate,
            "calibrated_rate": rate,
            "lower": lower,
            "upper": upper,
            "deviation": rate - program_rate,
            "p_value": p,
            "band": band,
            "standing": [None if one is None else better.get(one, "within") for one in band],
            "mix_part": expected - program_rate,
            "chance_part": raw - fit.value,
            "more_contacts": _more(fit, agent_n, false_discovery),
        },
        schema_overrides=_SCHEMA_TEXT,
    ).with_columns(band_changed=(pl.col("raw_band") != pl.col("band")).fill_null(False))
    return CalibratedOutcomes(
        agents=agents,
        precision=None if np.isinf(fit.precision) else fit.precision,
        changed=int(agents["band_changed"].sum()),
    )


_SCHEMA_TEXT = {
    "raw_band": pl.String(),
    "band": pl.String(),
    "standing": pl.String(),
    "more_contacts": pl.Int64(),
}


def _expected(
    cells: pl.DataFrame, known: pl.DataFrame, code: np.ndarray, strata: Sequence[str]
) -> tuple[FloatArray, np.ndarray, FloatArray, pl.Series]:
    """Expected rate, program (that of most contacts) and its rate of each agent, and programs' names."""
    stratum = coded(cells, "program_id", *strata)
    # Contacts without an agent are a group behind the last: they inform the strata, not a person.
    group = np.full(cells.height, int(code.max()) + 1)
    group[cells["agent_id"].is_not_null().to_numpy()] = code
    y, n = cells["successes"].cast(pl.Float64).to_numpy(), cells["trials"].cast(pl.Float64).to_numpy()
    expected = expected_shares(group, stratum.code, y, n)[: int(code.max()) + 1]
    programs = coded(cells, "program_id")
    by_program = np.bincount(programs.code, weights=y) / np.bincount(programs.code, weights=n)
    own = programs.code[cells["agent_id"].is_not_null().to_numpy()]
    weight = np.zeros((int(code.max()) + 1, programs.levels))
    np.add.at(weight, (code, own), known["trials"].cast(pl.Float64).to_numpy())
    home = weight.argmax(axis=1)
    return expected, home, by_program[home], programs.names


def _on_mix(rate: FloatArray, expected: FloatArray, program: FloatArray) -> FloatArray:
    """A rate's odds over the expected odds, put on the program's rate."""
    program = np.clip(program, _EDGE, 1 - _EDGE)
    rate = np.clip(rate, 1e-12, 1 - 1e-12)
    return special.expit(special.logit(rate) - special.logit(expected) + special.logit(program))


def _more(fit: BetaBinomial, trials: FloatArray, false_discovery: float) -> list[int | None]:
    return more_to_tell(
        fit.value - fit.expected,
        fit.standard_error,
        np.sqrt(fit.value * (1 - fit.value)),
        fit.precision,
        trials,
        false_discovery=false_discovery,
    )


def _empty() -> pl.DataFrame:
    numbers = (
        "trials",
        "successes",
        "raw_rate",
        "raw_lower",
        "raw_upper",
        "expected_rate",
        "program_rate",
        "calibrated_rate",
        "lower",
        "upper",
        "deviation",
        "p_value",
        "mix_part",
        "chance_part",
    )
    schema: dict[str, pl.DataType] = {"agent_id": pl.String(), "program_id": pl.String()}
    schema |= dict.fromkeys(numbers, pl.Float64()) | _SCHEMA_TEXT | {"band_changed": pl.Boolean()}
    return pl.DataFrame(schema=schema)
