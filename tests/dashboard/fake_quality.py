"""Quality questions over invented reviews: the real arithmetic on a small world, without a warehouse."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from pipelines.reader_quality import Filters, QualityQuestions

CRITERIA = (("greeting", "Greets by name", 10.0, 1.0), ("diagnosis", "Finds the cause", 60.0, 5.0))
GRADERS = ("G1", "G2", "G3", "G4")
SEVERITY = np.array([0.9, 0.0, -0.3, -0.6])
"""G1 is strict, by nearly one of five points on the heavier criterion."""


@cache
def invented_ratings() -> pl.DataFrame:
    """Routine reviews of 44 agents by four graders, and 40 contacts that all graders scored."""
    rng = np.random.default_rng(5)
    routine, shared = 900, 40
    agent = rng.integers(0, 44, routine)
    grader = rng.integers(0, len(GRADERS), routine)
    contact = np.arange(routine)
    agent = np.concatenate([agent, np.repeat(agent[:shared], len(GRADERS))])
    contact = np.concatenate([contact, np.repeat(contact[:shared], len(GRADERS))])
    grader = np.concatenate([grader, np.tile(np.arange(len(GRADERS)), shared)])
    purpose = ["routine"] * routine + ["calibration"] * (shared * len(GRADERS))
    skill = rng.normal(0, 0.7, 44)[agent] + rng.normal(0, 0.5, routine)[contact]
    worth = 3.2 + skill - SEVERITY[grader] + rng.normal(0, 0.5, agent.size)
    solved = rng.random(routine) < 1 / (1 + np.exp(-0.6 - 1.3 * skill[:routine]))
    start = datetime(2026, 4, 6)
    program = np.where(agent < 14, "P1", "P2")
    base = pl.DataFrame(
        {
            "review_id": [f"R{number:04d}" for number in range(agent.size)],
            "contact_id": [f"C{number:04d}" for number in contact],
            "agent_id": [f"A{number:02d}" for number in agent],
            "grader_id": [GRADERS[number] for number in grader],
            "program_id": program,
            "channel": rng.choice(["chat", "voice"], routine)[contact],
            "issue": rng.choice(["refund", "return", "wismo"], routine)[contact],
            "site": np.where(agent < 14, "Leeds", "Manila"),
            "team": np.where(agent % 2 == 0, "Blue", "Green"),
            "purpose": purpose,
            "reviewed_at": [start + timedelta(days=int(number % 84)) for number in range(agent.size)],
            "scorecard_id": "care",
            "version": "1",
            "session_id": [None] * routine + ["S1"] * (shared * len(GRADERS)),
            "fcr": solved[contact],
            "csat": (rng.random(routine) < 0.7)[contact],
        }
    )
    scores = {
        "diagnosis": np.clip(np.round(worth), 0, 5),
        "greeting": (rng.random(agent.size) < 0.96).astype(float),
    }
    return pl.concat(
        base.with_columns(
            criterion_id=pl.lit(name),
            label=pl.lit(label),
            section=pl.lit("Care"),
            weight=pl.lit(weight),
            min=pl.lit(0.0),
            max=pl.lit(most),
            scale=pl.lit("ordinal"),
            score=pl.Series(scores[name]),
        )
        for name, label, weight, most in CRITERIA
    )


class FakeQuality(QualityQuestions):
    """Answers quality questions from the invented ratings."""

    broken: bool
    rows: pl.DataFrame

    def review_period(self) -> tuple[date, date] | None:
        """First and last day of the invented reviews."""
        self._whole()
        days = invented_ratings()["reviewed_at"].dt.date()
        return days.min(), days.max()  # type: ignore[return-value]  # dates

    def quality_ratings(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """The invented ratings in a period, under the filters."""
        self._whole()
        rows = invented_ratings()
        for name, values in filters:
            rows = rows.filter(pl.col(name).is_in(list(values), nulls_equal=True))
        day = pl.col("reviewed_at").dt.date()
        return rows.filter(day >= (start or date.min), day <= (end or date.max))

    def quality_reviews(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Their reviews, scored as the warehouse does."""
        share = pl.col("weight") * pl.col("score") / pl.col("max")
        rows = self.quality_ratings(start, end, filters)
        kept = (
            "contact_id",
            "agent_id",
            "grader_id",
            "program_id",
            "channel",
            "issue",
            "purpose",
            "session_id",
        )
        return (
            rows.with_columns(earned=share)
            .group_by("review_id")
            .agg(
                pl.col(*kept, "reviewed_at").first(),
                raw_score=100 * pl.col("earned").sum() / pl.col("weight").sum(),
            )
            .sort("review_id")
        )

    def quality_answers(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Answers in which Manila refunds where Leeds exchanges."""
        self._whole()
        rng = np.random.default_rng(9)
        rows = self.rows.head(4000).with_row_index("number")
        generous = (pl.col("team") == "Blue").cast(pl.Float64) * 0.4 + 0.2
        answers = rows.with_columns(draw=pl.Series(rng.random(rows.height))).select(
            "program_id",
            "agent_id",
            "issue",
            "channel",
            "site",
            "team",
            "fcr",
            contact_id=pl.concat_str(pl.lit("C"), pl.col("number").cast(pl.String)),
            value_band=pl.lit("under 25"),
            resolution=pl.when(pl.col("draw") < generous)
            .then(pl.lit("refund"))
            .otherwise(pl.lit("exchange")),
        )
        for name, values in filters:
            answers = answers.filter(pl.col(name).is_in(list(values), nulls_equal=True))
        return answers

    def contacts_to_hear(
        self, agent_id: str, start: date | None = None, end: date | None = None, limit: int = 12
    ) -> pl.DataFrame:
        """Two contacts that went wrong."""
        said: dict[str, Any] = {
            "contact_id": ["C0007", "C0003"],
            "opened_date": [date(2026, 6, 20), date(2026, 6, 1)],
            "channel": ["chat", "voice"],
            "issue": ["refund", "return"],
            "resolution": ["refund", "unresolved"],
            "what_happened": ["came back, rated low", "stayed unresolved"],
            "is_reviewed": [False, True],
        }
        return pl.DataFrame(said)

    def _whole(self) -> None:
        if self.broken:
            from pipelines.errors import StateError

            raise StateError("the warehouse file is gone; run 'plumbline load' to build it again.")
