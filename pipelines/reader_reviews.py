"""Rows behind the questions of quality: reviews, ratings with their outcomes, answers; and the review model.

A mixin of `pipelines.reader.Reader`, below `pipelines.reader_quality`. Days are local days of the review, or
of the contact's opening where a question is about contacts.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import polars as pl

from pipelines.metrics import definition

if TYPE_CHECKING:
    from pipelines.calibration.model import ReviewModel

T = TypeVar("T")
Filters = tuple[tuple[str, tuple[str | None, ...]], ...]

_OUTCOMES = {
    "fcr": ("fcr", "in_numerator"),
    "csat": ("csat", "in_numerator"),
    "escalation": ("escalation_rate", "in_numerator"),
    "refund": ("refund_avoidance", "not in_numerator"),
    "repeat_purchase": ("repeat_purchase_rate", "in_numerator"),
}
_PLACES = "agents.site, agents.team, agents.region, programs.operating_model"
# A criterion's newest label; criteria of one label would fall together on a chart, so they show their id too.
_CRITERIA = """
    select criterion_id,
        case when label is null then criterion_id
            when count(*) over (partition by label) > 1 then concat(label, ' (', criterion_id, ')')
            else label end as label
    from (select criterion_id, arg_max(label, rowid) as label from scorecards group by criterion_id)
"""
_KEPT_MODELS = 3


class Remembered(Generic[T]):
    """The newest few answers by their question, found one at a time: who asks meanwhile waits, and shares."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, question: Hashable, answer: Callable[[], T]) -> T:
        """The answer that is kept, else that of the function, which is then kept."""
        with self._lock:
            if question not in self._answers:
                self._answers[question] = answer()
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(question)
            return self._answers[question]


class ReviewRows:
    """Rows of reviews and answers; whoever mixes this in has `_frame` and `_build_id`."""

    def __init__(self) -> None:
        self._models: Remembered[ReviewModel | None] = Remembered(_KEPT_MODELS)

    def _frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pl.DataFrame:
        raise NotImplementedError

    def _build_id(self) -> str:
        raise NotImplementedError

    def review_model(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> ReviewModel | None:
        """The model that scores and severities come from, fitted once for a build, days and filters.

        None where there is too little to fit.
        """
        from pipelines.calibration.model import fit_reviews

        return self._models.get(
            (self._build_id(), start, end, filters),
            lambda: fit_reviews(self.quality_reviews(start, end, filters)),
        )

    def review_period(self) -> tuple[date, date] | None:
        """First and last local day with a review; None without any."""
        rows = self._frame("select min(reviewed_date) as first, max(reviewed_date) as last from qa_reviews")
        first, last = rows.row(0)
        return None if first is None else (first, last)

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
            f"with {outcomes}, named as ({_CRITERIA}) "
            "select qa_ratings.review_id, qa_ratings.contact_id, qa_ratings.grader_id, "
            "qa_ratings.criterion_id, qa_ratings.score, qa_ratings.scorecard_id, qa_ratings.version, "
            "qa_ratings.reviewed_at, qa_ratings.purpose, qa_reviews.agent_id, qa_reviews.program_id, "
            "qa_reviews.channel, qa_reviews.issue, "
            f"named.label, section, scale, min, max, weight, {_PLACES}, {shown} from qa_ratings "
            "inner join qa_reviews using (review_id) inner join scorecards "
            "on scorecards.scorecard_id = qa_ratings.scorecard_id "
            "and scorecards.version = qa_ratings.version "
            "and scorecards.criterion_id = qa_ratings.criterion_id "
            "left join named on named.criterion_id = qa_ratings.criterion_id "
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


def _band_words(edges: Sequence[float]) -> dict[int, str]:
    """Order-value bands by their number, in words; -1 is a contact without a known order."""
    if not edges:
        return {-1: "no order", 0: "any order"}
    between = {place: f"{low:g} to {high:g}" for place, (low, high) in enumerate(pairwise(edges), 1)}
    return {-1: "no order", 0: f"under {edges[0]:g}", **between, len(edges): f"{edges[-1]:g} and more"}
