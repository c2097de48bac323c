"""What quality asks of a published warehouse: reviews, ratings with outcomes, answers, and what they tell.

A mixin of `pipelines.reader.Reader`. Arguments are plain and hashable, so that a page may remember answers.
Days are local days of the review, or of the contact's opening where a question is about contacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.metrics import MetricRequest, definition

if TYPE_CHECKING:
    from pipelines.calibration.agents import CalibratedAgents
    from pipelines.calibration.consistency import VarianceShares
    from pipelines.calibration.parts import Joins
    from pipelines.calibration.severity import SeverityOverTime

Filters = tuple[tuple[str, tuple[str | None, ...]], ...]

CALIBRATED = ("qa_score", "fcr", "csat", "escalation_rate", "refund_avoidance")
"""Metrics of an agent that can be calibrated."""

_OUTCOMES = {
    "fcr": ("fcr", "in_numerator"),
    "csat": ("csat", "in_numerator"),
    "escalation": ("escalation_rate", "in_numerator"),
    "refund": ("refund_avoidance", "not in_numerator"),
    "repeat_purchase": ("repeat_purchase_rate", "in_numerator"),
}
_PLACES = "agents.site, agents.team, agents.region, programs.operating_model"


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


class QualityQuestions:
    """Questions of quality; whoever mixes this in has `_frame` and `metrics`."""

    def _frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pl.DataFrame:
        raise NotImplementedError

    def metrics(self, request: MetricRequest) -> pl.DataFrame:
        raise NotImplementedError

    def quality_reviews(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Reviews of every purpose with their score, and the agent's place."""
        rows = self._frame(
            f"select qa_reviews.*, {_PLACES} from qa_reviews left join agents using (agent_id) "
            "left join programs on programs.program_id = qa_reviews.program_id "
            "where ($start is null or reviewed_date >= $start) and ($end is null or reviewed_date <= $end) "
            "order by review_id",
            {"start": start, "end": end},
        )
        return _within(rows, filters)

    def quality_ratings(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Ratings beside their criterion, their contact's mix, and what came of the contact.

        Outcomes fcr, csat, escalation, refund and repeat_purchase are those of the metrics, empty where
        the contact does not count in the metric or is not mature.
        """
        outcomes = ", ".join(
            f"{name} as (select contact_id, bool_or({counts}) as {name} from ({definition(key).sql}) "
            "where in_denominator group by contact_id)"
            for name, (key, counts) in _OUTCOMES.items()
        )
        joined = " ".join(
            f"left join {name} on {name}.contact_id = qa_ratings.contact_id" for name in _OUTCOMES
        )
        shown = ", ".join(f"{name}.{name}" for name in _OUTCOMES)
        rows = self._frame(
            f"with {outcomes} select qa_ratings.review_id, qa_ratings.contact_id, qa_ratings.grader_id, "
            "qa_ratings.criterion_id, qa_ratings.score, qa_ratings.scorecard_id, qa_ratings.version, "
            "qa_ratings.reviewed_at, qa_ratings.purpose, qa_reviews.agent_id, qa_reviews.program_id, "
            "qa_reviews.channel, qa_reviews.issue, coalesce(label, qa_ratings.criterion_id) as label, "
            f"section, scale, min, max, weight, {_PLACES}, {shown} from qa_ratings "
            "inner join qa_reviews using (review_id) inner join scorecards "
            "on scorecards.scorecard_id = qa_ratings.scorecard_id "
            "and scorecards.version = qa_ratings.version "
            "and scorecards.criterion_id = qa_ratings.criterion_id "
            "left join agents on agents.agent_id = qa_reviews.agent_id "
            f"left join programs on programs.program_id = qa_reviews.program_id {joined} "
            "where ($start is null or reviewed_date >= $start) and ($end is null or reviewed_date <= $end) "
            "order by scorecards.rowid, qa_ratings.review_id",
            {"start": start, "end": end},
        )
        return _within(rows, filters)

    def quality_answers(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Contacts whose answer can be compared: resolution, value band in words, place, fcr."""
        edges = self._frame("select value_bands from internal.build")["value_bands"][0].to_list()
        rows = self._frame(
            f"select answers.* exclude (is_pending), {_PLACES}, resolved.fcr from "
            f"({definition('answer_consistency').sql}) as answers left join agents using (agent_id) "
            "left join programs on programs.program_id = answers.program_id left join ("
            f"select contact_id, bool_or(in_numerator) as fcr from ({definition('fcr').sql}) "
            "where in_denominator group by contact_id) as resolved "
            "on resolved.contact_id = answers.contact_id "
            "where ($start is null or event_date >= $start) and ($end is null or event_date <= $end) "
            "order by answers.contact_id",
            {"start": start, "end": end},
        )
        words = _band_words(edges)
        named = pl.col("value_band").cast(pl.Int64).replace_strict(words, return_dtype=pl.String)
        return _within(rows.with_columns(value_band=named), filters)

    def calibrated_agents(
        self, metric: str, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> CalibratedAgents:
        """Agents with one metric of `CALIBRATED`, raw beside calibrated, each in its band."""
        if metric == "qa_score":
            from pipelines.calibration.agents import of_scores
            from pipelines.calibration.model import fit_reviews

            return of_scores(fit_reviews(self.quality_reviews(start, end, filters)))
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
        from pipelines.calibration.model import fit_reviews
        from pipelines.calibration.parts import joins
        from pipelines.calibration.severity import grader_severity, severity_over_time

        model = fit_reviews(self.quality_reviews(start, end, filters))
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
            _level(score_agreement(sections, score="section_score", by=["section"])),
            _level(score_agreement(reviews.with_columns(quarter=quarter), by=["quarter"])),
            _level(score_agreement(reviews.drop_nulls("session_id"), by=["session_id"])),
        ]
        return pl.concat(tables, how="vertical_relaxed")

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

    def contacts_to_hear(
        self, agent_id: str, start: date | None = None, end: date | None = None, limit: int = 12
    ) -> pl.DataFrame:
        """An agent's contacts to listen to first: those that went wrong in most ways, the newest first.

        Ways are: the customer came back or it stayed unresolved, rated 2 or less, escalated, was refunded.
        Contacts that somebody has reviewed come after those that nobody has.
        """
        return self._frame(
            """
            with refunded as (select contact_id from stakes where is_mature and not is_avoided),
            told as (
                select contact_id, opened_date, opened_at, channel, issue, resolution,
                    case fcr_state when 'repeated' then 'came back'
                        when 'unresolved' then 'stayed unresolved' end as ending,
                    case when csat <= 2 then 'rated low' end as rating,
                    case when escalation <> 'none' then 'escalated' end as passed_on,
                    case when contact_id in (from refunded) then 'was refunded' end as refund,
                    contact_id in (select contact_id from qa_reviews) as is_reviewed
                from contacts
                where agent_id = $agent and is_handled
                    and ($start is null or opened_date >= $start) and ($end is null or opened_date <= $end)
            ),
            counted as (
                select *, concat_ws(', ', ending, rating, passed_on, refund) as what_happened,
                    (ending is not null)::int + (rating is not null)::int + (passed_on is not null)::int
                        + (refund is not null)::int as ways
                from told
            )
            select contact_id, opened_date, channel, issue, resolution, what_happened, is_reviewed
            from counted where ways > 0
            order by is_reviewed, ways desc, opened_at desc, contact_id limit $limit
            """,
            {"agent": agent_id, "start": start, "end": end, "limit": limit},
        )


def _within(rows: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    """Rows whose columns have one of the chosen values; None chooses the unknown."""
    for name, values in filters:
        rows = rows.filter(pl.col(name).is_in(list(values), nulls_equal=True))
    return rows


def _level(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose first column names the group, as one of several levels."""
    group = table.columns[0]
    level = pl.lit(group.removesuffix("_id")).alias("level")
    return table.select(level, pl.col(group).cast(pl.String).alias("name"), pl.exclude(group))


def _band_words(edges: Sequence[float]) -> dict[int, str]:
    """Order-value bands by their number, in words; -1 is a contact without a known order."""
    if not edges:
        return {-1: "no order", 0: "any order"}
    between = {place: f"{low:g} to {high:g}" for place, (low, high) in enumerate(pairwise(edges), 1)}
    return {-1: "no order", 0: f"under {edges[0]:g}", **between, len(edges): f"{edges[-1]:g} and more"}
