"""What quality asks of a published warehouse: who is told from whom, and by how much.

A mixin of `pipelines.reader.Reader`, over the rows of `pipelines.reader_reviews`. Arguments are plain and
hashable, so that a page may remember answers. Days are local days of the review, or of the contact's opening
where a question is about contacts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from pipelines.metrics import MetricRequest, definition
from pipelines.reader_reviews import Filters, ReviewRows

if TYPE_CHECKING:
    from pipelines.calibration.agents import CalibratedAgents
    from pipelines.calibration.consistency import VarianceShares
    from pipelines.calibration.parts import Joins
    from pipelines.calibration.severity_time import SeverityOverTime

CALIBRATED = ("qa_score", "fcr", "csat", "escalation_rate", "refund_avoidance")
"""Metrics of an agent that can be calibrated."""


@dataclass(frozen=True)
class Graders:
    """What the review model says of graders.

    Attributes:
        severity: As `pipelines.calibration.severity.grader_severity`.
        over_time: Control charts by month, and drift.
        joins: Parts of the review graph, and what would join them.
        reviews: Reviews in the model.
    """

    severity: pl.DataFrame
    over_time: SeverityOverTime
    joins: Joins
    reviews: int


@dataclass(frozen=True)
class Consistency:
    """Whether the same problem gets the same answer.

    Attributes:
        overall: One row, as `answer_consistency` without a split.
        by_issue: A row an issue, least consistent first.
        by_stratum: A row an issue and value band.
        sites: Pairs of sites that answer differently.
        teams: Pairs of teams that do.
        shares: Where the spread of first-contact resolution sits; None where there is too little.
    """

    overall: pl.DataFrame
    by_issue: pl.DataFrame
    by_stratum: pl.DataFrame
    sites: pl.DataFrame
    teams: pl.DataFrame
    shares: VarianceShares | None


class QualityQuestions(ReviewRows):
    """Questions of quality; whoever mixes this in has `_frame`, `_build_id` and `metrics`."""

    def metrics(self, request: MetricRequest) -> pl.DataFrame:
        raise NotImplementedError

    def calibrated_agents(
        self, metric: str, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> CalibratedAgents:
        """Agents with one metric of `CALIBRATED`, raw beside calibrated, each in its band."""
        if metric == "qa_score":
            from pipelines.calibration.agents import of_scores

            return of_scores(self.review_model(start, end, filters))
        return self._calibrated_outcome(metric, start, end, filters)

    def _calibrated_outcome(
        self, metric: str, start: date | None, end: date | None, filters: Filters
    ) -> CalibratedAgents:
        from pipelines.calibration.agents import of_outcome
        from pipelines.calibration.outcomes import calibrated_outcomes

        by = ("program_id", "agent_id", "channel", "issue")
        request = MetricRequest(
            metrics=(metric,), by=by, grain="all", start=start, end=end, filters=dict(filters)
        )
        cells = self.metrics(request).select(
            *by, successes=pl.col("numerator").fill_null(0.0), trials=pl.col("denominator").fill_null(0)
        )
        return of_outcome(calibrated_outcomes(cells, higher_is_better=definition(metric).better != "lower"))

    def grader_severity(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> Graders | None:
        """Severity of graders, over time, and parts of the graph; None where there is too little."""
        from pipelines.calibration.parts import joins
        from pipelines.calibration.severity import grader_severity
        from pipelines.calibration.severity_time import severity_over_time

        model = self.review_model(start, end, filters)
        if model is None:
            return None
        return Graders(grader_severity(model), severity_over_time(model), joins(model), model.rows.height)

    def severity_by_criterion(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Severity of every grader on every criterion, in percent of its range, with labels."""
        from pipelines.calibration.severity import severity_by_criterion

        ratings = self.quality_ratings(start, end, filters)
        labels = ratings.select("criterion_id", "label").unique("criterion_id", keep="first")
        return severity_by_criterion(ratings).join(
            labels, on="criterion_id", how="left", maintain_order="left"
        )

    def grader_agreement(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Agreement on every criterion with a verdict, as `calibration.agreement_tables` gives it."""
        from pipelines.calibration.agreement_tables import criterion_agreement

        return criterion_agreement(self.quality_ratings(start, end, filters))

    def agreement_levels(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Agreement on whole reviews, on each section, and on whole reviews by quarter and session.

        Returns:
            level (review, section, quarter, session), name, and the columns of
            `calibration.agreement_tables.score_agreement`.
        """
        from pipelines.calibration.agreement_tables import score_agreement, section_scores

        reviews = self.quality_reviews(start, end, filters)
        at = pl.col("reviewed_at")
        quarter = pl.format("{} Q{}", at.dt.year(), at.dt.quarter())
        sections = section_scores(self.quality_ratings(start, end, filters))
        tables = [
            _level(score_agreement(reviews.with_columns(review=pl.lit("Whole review")), by=["review"])),
            _level(score_agreement(sections.drop_nulls("section"), score="section_score", by=["section"])),
            _level(score_agreement(reviews.with_columns(quarter=quarter), by=["quarter"])),
            _level(score_agreement(reviews.drop_nulls("session_id"), by=["session_id"])),
        ]
        # A table without a row knows fewer columns; one of them stands where there is nothing at all.
        return pl.concat([table for table in tables if table.height] or tables[:1], how="diagonal_relaxed")

    def grader_pairs(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Every two graders on every criterion that both scored, with the criterion's label."""
        from pipelines.calibration.agreement_tables import pair_table

        ratings = self.quality_ratings(start, end, filters)
        labels = ratings.select("criterion_id", "label").unique("criterion_id", keep="first")
        return pair_table(ratings).join(labels, on="criterion_id", how="left", maintain_order="left")

    def criteria_validity(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What each criterion predicts, and one row a criterion with its weight and a word."""
        from pipelines.calibration.validity import criterion_validity, weighs_and_predicts

        found = criterion_validity(self.quality_ratings(start, end, filters))
        return found, weighs_and_predicts(found)

    def consistency(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> Consistency:
        """Whether the same problem gets the same answer from different agents, sites and teams."""
        from pipelines.calibration.consistency import answer_consistency, differing_groups, variance_shares

        answers = self.quality_answers(start, end, filters)
        split = partial(answer_consistency, answers)
        return Consistency(
            overall=split(by=()),
            by_issue=split(by=("issue",)),
            by_stratum=split(),
            sites=differing_groups(answers, "site"),
            teams=differing_groups(answers, "team"),
            shares=variance_shares(answers, "fcr"),
        )

    def agent_criteria(
        self,
        agent_id: str,
        start: date | None = None,
        end: date | None = None,
        filters: Filters = (),
    ) -> pl.DataFrame:
        """An agent's routine reviews by criterion, against their program's, as shares of the scale.

        Returns:
            criterion_id, label, weight, n, value, reference, difference with lower and upper, points (of the
            review's 100 that the difference costs or gains), largest loss first.
        """
        from pipelines.calibration.agents import against_program

        return against_program(self.quality_ratings(start, end, filters), agent_id)


def _level(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose first column names the group, as one of several levels."""
    group = table.columns[0]
    level = pl.lit(group.removesuffix("_id")).alias("level")
    return table.select(level, pl.col(group).cast(pl.String).alias("name"), pl.exclude(group))
