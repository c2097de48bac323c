"""The model that review scores are calibrated by: agent and grader crossed, over a contact mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.calibration.coding import Coded, coded, mix_columns, require
from pipelines.stats.connectivity import Parts, connected_parts
from pipelines.stats.mixed import Combination, CrossedFit, fit_crossed
from pipelines.stats.ratings import FloatArray, IntArray
from pipelines.stats.regression import dummies

MIX = ("channel", "issue")
REVIEW_COLUMNS = ("review_id", "contact_id", "agent_id", "grader_id")
MIN_REVIEWS = 10
# Reference reviews from which the expert, rather than the average grader, is the standard.
MIN_REFERENCES = 20
# Above this, an effect of the contact is left out of the model: routine reviews see a contact once.
MOST_CONTACTS_WITH_EFFECT = 60_000
# Share of reviews on contacts seen more than once, from which their effect is worth fitting.
_SHARED_ENOUGH = 0.02
# A grader may change: an effect for each grader and so many days, where history is long enough.
PERIOD_DAYS = 91
_MOST_PERIODS = 300


@dataclass(frozen=True, eq=False)
class ReviewModel:
    """A fitted model and the rows it was fitted on.

    Attributes:
        rows: Reviews with a score, an agent and a grader, in the order of the arrays below.
        score: Their scores.
        left_out: Reviews without one of these.
        agent: Codes of the agents.
        grader: Codes of the graders.
        period: Codes of grader × quarter; None where history is short.
        home: Codes of program × part of the graph.
        home_of_agent: That of most of an agent's reviews.
        parts: Of the review graph.
        fit: The fitted mixed model.
        agents: Effects of agents against the mean of their home; what is calibrated.
        agent_scores: Agents' scores: their home's mean, the mix of all, scored to the standard.
        has_expert: Whether the standard is that of the reference reviews; else it is the average grader's.
        graders: Effects of graders against the mean of their part, over all their quarters; above 0 is
            lenient.
        grader_part: Grader's (and quarter's) part of each row.
        mix_part: Contact-mix part of each row, around its mean.
        home_part: Home's part of each row, its mean effect of agents included.
    """

    rows: pl.DataFrame
    score: FloatArray
    left_out: int
    agent: Coded
    grader: Coded
    period: Coded | None
    home: Coded
    home_of_agent: np.ndarray
    parts: Parts
    fit: CrossedFit
    agents: Combination
    agent_scores: Combination
    has_expert: bool
    graders: Combination
    grader_part: FloatArray
    mix_part: FloatArray
    home_part: FloatArray

    @property
    def spread(self) -> float:
        """Standard deviation of one review of one agent by a known grader."""
        return float(np.hypot(self.fit.residual_sd, self.fit.sd.get("contact", 0.0)))


def fit_reviews(
    reviews: pl.DataFrame, *, score: str = "raw_score", mix: Sequence[str] = MIX
) -> ReviewModel | None:
    """Fit review scores.

    Agents are measured against their own program (and part of the review graph), on the contact mix of all.
    Scores are put on the standard of the expert who gave the reference reviews, where there are 20 or more;
    else on that of the average grader. All purposes of review count: calibration and reference reviews are
    what graders are compared by. Where contacts were seen by several graders, what these see alike is an
    effect of its own; where history is long enough, a grader may change from quarter to quarter.

    Args:
        reviews: Columns review_id, contact_id, agent_id, grader_id, the score, and where known channel,
            issue, program_id, reviewed_at. Rows without score, agent or grader are left out and counted.
        score: Column of the score, in points.
        mix: Columns of the contact mix.

    Returns:
        None with fewer than 10 such reviews, two agents or two graders: nothing to calibrate by.

    Raises:
        ValueError: If a column is missing.
    """
    require(reviews, [*REVIEW_COLUMNS, score], "reviews")
    rows = reviews.filter(pl.all_horizontal(pl.col(score, "agent_id", "grader_id").is_not_null()))
    if rows.height < MIN_REVIEWS:
        return None
    agent, grader, contact = (coded(rows, name) for name in ("agent_id", "grader_id", "contact_id"))
    if agent.levels < 2 or grader.levels < 2:
        return None
    parts = connected_parts(agent.code, grader.code, contact.code)
    home = _home(rows, parts)
    home_columns, mix_block = dummies(home.code, home.levels), mix_columns(rows, mix)
    columns = np.hstack([home_columns, mix_block])
    if rows.height <= columns.shape[1] + 2:
        return None
    response = rows[score].cast(pl.Float64).to_numpy()
    factors: dict[str, IntArray] = {"agent": agent.code, "grader": grader.code}
    if _contacts_are_shared(contact, rows.height) and not _same_groups(agent, contact):
        factors["contact"] = contact.code
    period = _period(rows)
    if period is not None:
        factors["period"] = period.code
    fit = fit_crossed(response, factors, columns, predict=[])
    home_of_agent = most_frequent(agent.code, home.code, agent.levels)
    agents = fit.combine({"agent": _identity(agent)}, centre=home_of_agent)
    graders = fit.combine(_of_graders(grader, period), centre=parts.of_level[1])
    at_home = np.column_stack(
        [
            _indicator(home_of_agent, home.levels) @ _columns_of_home(home, home_columns),
            np.repeat(mix_block.mean(axis=0)[None, :], agent.levels, axis=0),
        ]
    )
    is_expert = _experts(rows, grader)
    standard = _standard(grader, period, parts, is_expert)
    agent_scores = fit.combine({"agent": _identity(agent), **standard}, at_home)
    mix_part = mix_block @ _coefficients(fit, columns.shape[1])[home_columns.shape[1] :]
    of_row = {
        name: _indicator(code, fit.levels(name))
        for name, code in factors.items()
        if name in ("grader", "period")
    }
    grader_values = _row_values(fit, of_row)
    mix_part = mix_part - mix_part.mean()
    agent_values = agents.value[agent.code]
    return ReviewModel(
        rows=rows,
        score=response,
        left_out=reviews.height - rows.height,
        agent=agent,
        grader=grader,
        period=period,
        home=home,
        home_of_agent=home_of_agent,
        parts=parts,
        fit=fit,
        agents=agents,
        agent_scores=agent_scores,
        has_expert=bool(is_expert.any()),
        graders=graders,
        grader_part=grader_values,
        mix_part=mix_part,
        home_part=_home_means(response - mix_part - grader_values - agent_values, home),
    )


def most_frequent(code: np.ndarray, other: np.ndarray, levels: int) -> np.ndarray:
    """The most frequent other code of each level."""
    counts = np.zeros((levels, int(other.max()) + 1), dtype=np.int64)
    np.add.at(counts, (code, other), 1)
    return counts.argmax(axis=1)


def _home(rows: pl.DataFrame, parts: Parts) -> Coded:
    program = pl.col("program_id") if "program_id" in rows.columns else pl.lit("all").alias("program_id")
    named = rows.select(program.cast(pl.String)).with_columns(part=pl.Series(parts.of_observation))
    return coded(named, "program_id", "part")


def _contacts_are_shared(contact: Coded, n: int) -> bool:
    count = np.bincount(contact.code)
    shared = int(count[count > 1].sum())
    return contact.levels <= MOST_CONTACTS_WITH_EFFECT and shared >= max(_SHARED_ENOUGH * n, 10)


def _same_groups(one: Coded, other: Coded) -> bool:
    """Whether each level of one is a level of the other, as where every agent has one contact."""
    if one.levels != other.levels:
        return False
    return np.unique(one.code * other.levels + other.code).size == one.levels


def _period(rows: pl.DataFrame) -> Coded | None:
    """Grader × quarter, where at least two quarters were reviewed and there are not too many of them."""
    if "reviewed_at" not in rows.columns or rows["reviewed_at"].null_count() > 0:
        return None
    at = rows["reviewed_at"].cast(pl.Datetime("us"))
    since = (at - at.min()).dt.total_days()
    if int(since.max() or 0) < 2 * PERIOD_DAYS:  # type: ignore[arg-type]  # a day count
        return None
    found = coded(rows.select("grader_id").with_columns(quarter=since // PERIOD_DAYS), "grader_id", "quarter")
    return found if found.levels <= _MOST_PERIODS else None


def _identity(found: Coded) -> sparse.csr_array:
    return sparse.eye_array(found.levels).tocsr()


def _indicator(code: np.ndarray, levels: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(code.size), code, np.arange(code.size + 1)), shape=(code.size, levels))


def _of_graders(grader: Coded, period: Coded | None) -> dict[str, sparse.csr_array]:
    """Weights of each grader's own effect and of their quarters by reviews."""
    parts = {"grader": _identity(grader)}
    if period is not None:
        counts = sparse.coo_array(
            (np.ones(grader.code.size), (grader.code, period.code)), shape=(grader.levels, period.levels)
        ).tocsr()
        parts["period"] = counts.multiply(1 / np.asarray(counts.sum(axis=1))[:, None]).tocsr()
    return parts


def _experts(rows: pl.DataFrame, grader: Coded) -> np.ndarray:
    """Graders whose reviews are mostly references, and enough of them to set a standard by."""
    if "purpose" not in rows.columns:
        return np.zeros(grader.levels, dtype=bool)
    is_reference = rows.select(pl.col("purpose").fill_null("routine") == "reference").to_series().to_numpy()
    references = np.bincount(grader.code, weights=is_reference, minlength=grader.levels)
    reviews = np.bincount(grader.code, minlength=grader.levels)
    return (references >= MIN_REFERENCES) & (2 * references > reviews)


def _standard(
    grader: Coded, period: Coded | None, parts: Parts, is_expert: np.ndarray
) -> dict[str, sparse.csr_array]:
    """For each agent, equal weights of the experts of the agent's part, of its graders where it has none."""
    part_of_agent, part_of_grader = parts.of_level[0], parts.of_level[1]
    same = (part_of_agent[:, None] == part_of_grader[None, :]).astype(np.float64)
    expert = same * is_expert[None, :]
    chosen = np.where(expert.any(axis=1)[:, None], expert, same)
    average = sparse.csr_array(chosen / chosen.sum(axis=1, keepdims=True))
    return {name: (average @ weights).tocsr() for name, weights in _of_graders(grader, period).items()}


def _columns_of_home(home: Coded, home_columns: FloatArray) -> FloatArray:
    first = np.unique(home.code, return_index=True)[1]
    return home_columns[first]


def _coefficients(fit: CrossedFit, columns: int) -> FloatArray:
    coefficient = np.zeros(columns)
    coefficient[fit.kept[1:] - 1] = fit.fixed[1:]
    return coefficient


def _row_values(fit: CrossedFit, of_row: dict[str, sparse.csr_array]) -> FloatArray:
    total: FloatArray | None = None
    for name, indicator in of_row.items():
        levels = fit.combine({name: sparse.eye_array(fit.levels(name)).tocsr()}).value
        total = indicator @ levels if total is None else total + indicator @ levels
    assert total is not None
    return total


def _home_means(rest: FloatArray, home: Coded) -> FloatArray:
    count = np.bincount(home.code, minlength=home.levels)
    return (np.bincount(home.code, weights=rest, minlength=home.levels) / count)[home.code]
