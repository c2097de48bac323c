"""Parts of the review graph that cannot be compared, and the fewest shared contacts that would join them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.calibration.model import ReviewModel
from pipelines.calibration.severity import TOLERANCE_POINTS
from pipelines.stats.connectivity import shared_contacts_for_difference


@dataclass(frozen=True)
class Joins:
    """Parts of the review graph and how to join them.

    Attributes:
        parts: part, n_reviews, n_graders, n_agents, graders (names), agents (names).
        proposals: The fewest reviews that join all parts: contact_id, of_part, and the grader_id of another
            part who should score it too. Empty when everything is connected.
        contacts_for_precision: Shared contacts for each such pair so that parts are comparable within the
            tolerance; one only makes them comparable at all.
    """

    parts: pl.DataFrame
    proposals: pl.DataFrame
    contacts_for_precision: int


def joins(model: ReviewModel, *, tolerance: float = TOLERANCE_POINTS) -> Joins:
    """Name the parts that cannot be compared, and propose what would join them.

    One contact of the largest part, scored also by one grader of each other part, joins them all: no plan
    needs fewer shared contacts or fewer reviews. The most recent contact and the busiest graders are
    proposed.

    Args:
        model: From `fit_reviews`.
        tolerance: Points within which a difference between parts is wanted.
    """
    rows = model.rows.select("contact_id", "agent_id", "grader_id").with_columns(
        part=pl.Series(model.parts.of_observation), at=_at(model.rows)
    )
    parts = (
        rows.group_by("part")
        .agg(
            n_reviews=pl.len(),
            n_graders=pl.col("grader_id").n_unique(),
            n_agents=pl.col("agent_id").n_unique(),
            graders=pl.col("grader_id").unique().sort(),
            agents=pl.col("agent_id").unique().sort(),
        )
        .sort("part")
    )
    shared = rows.filter(pl.col("part") == 0).sort("at", "contact_id", nulls_last=False).tail(1)
    busiest = (
        rows.filter(pl.col("part") > 0)
        .group_by("part", "grader_id")
        .agg(n=pl.len())
        .sort("part", "n", "grader_id", descending=[False, True, False])
        .group_by("part", maintain_order=True)
        .first()
    )
    proposals = busiest.select(
        contact_id=pl.lit(shared["contact_id"][0]),
        of_part=pl.lit(0),
        grader_id="grader_id",
        grader_part="part",
    )
    return Joins(parts, proposals, shared_contacts_for_difference(model.spread, tolerance))


def _at(rows: pl.DataFrame) -> pl.Series:
    if "reviewed_at" in rows.columns:
        return rows["reviewed_at"].cast(pl.Datetime("us"))
    return pl.Series("at", [None] * rows.height, dtype=pl.Datetime("us"))
