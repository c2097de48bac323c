"""What calibration asks of a published warehouse: contacts to draw from, scorecards, graders, reviews.

A mixin of `pipelines.reader.Reader`, apart only to keep both short.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

LARGEST_SAMPLE = 200
"""Most contacts in one draw."""

# Nothing that names the agent or says how the customer judged it: what a grader sees must not lead.
_FACTS = (
    "contacts.contact_id, contacts.program_id, program_name, channel, direction, issue, "
    "cast(opened_at at time zone 'UTC' at time zone timezone as timestamp) as opened_local, timezone, "
    "wait_seconds, handle_seconds, transfers, reopens, escalation, resolution, "
    "date_diff('second', opened_at, closed_at) as open_seconds, order_amount, currency"
)


class CalibrationQuestions:
    """Questions of calibration; whoever mixes this in has `_frame`."""

    def _frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pl.DataFrame:
        raise NotImplementedError

    def scorecards(self) -> pl.DataFrame:
        """Every criterion of every version of every scorecard, the version used last first.

        Columns are those of the table `scorecards` and `last_used`, the newest review on the version.
        Criteria come in the order of their file, sections whole.
        """
        return self._frame(
            "select scorecards.*, last_used from scorecards left join ("
            "select scorecard_id, version, max(reviewed_at) as last_used from qa_reviews "
            "group by scorecard_id, version) as used using (scorecard_id, version) "
            "order by last_used desc nulls last, scorecard_id, version desc, "
            "min(scorecards.rowid) over (partition by scorecard_id, version, section), scorecards.rowid"
        )

    def graders(self) -> pl.DataFrame:
        """Graders with their number of reviews and their last, the most active first."""
        return self._frame(
            "select grader_id, count(*) as n_reviews, max(reviewed_at) as last_reviewed_at from qa_reviews "
            "group by grader_id order by n_reviews desc, grader_id"
        )

    def contacts_to_draw(
        self,
        seed: int,
        start: date,
        end: date,
        programs: tuple[str, ...] = (),
        channels: tuple[str, ...] = (),
        not_reviewed: bool = True,
        without: tuple[str, ...] = (),
    ) -> pl.DataFrame:
        """Contacts that a calibration session may be drawn from, each with its lot.

        Handled, closed, inbound contacts with a known agent. A contact's lot is md5 of "<seed>:<contact_id>":
        the smallest lots are drawn, so a draw can be repeated and checked by anyone, and another contact more
        or less changes nothing about the rest.

        Args:
            seed: Of the lots.
            start: First local day.
            end: Last local day.
            programs: Of these programs; empty takes all.
            channels: Of these channels; empty takes all.
            not_reviewed: Leave out those that somebody has reviewed.
            without: Leave out these contacts, such as those of earlier sessions.

        Returns:
            contact_id, agent_id, channel, issue, opened_date, lot, n_pool (of all), n_stratum (of this
            channel and issue). Only the 200 smallest lots of each channel and issue, and of each agent, are
            there: no draw needs more.
        """
        return self._frame(
            """
            with pool as (
                select contact_id, agent_id, channel, issue, opened_date,
                    md5(cast($seed as varchar) || ':' || contact_id) as lot
                from contacts
                where is_handled and closed_at is not null and agent_id is not null
                    and opened_date between $start and $end
                    and (len($programs) = 0 or list_contains($programs, program_id))
                    and (len($channels) = 0 or list_contains($channels, channel))
                    and not ($not_reviewed and contact_id in (select contact_id from qa_reviews))
                    and not list_contains($without, contact_id)
            ),
            placed as (
                select *, count(*) over () as n_pool,
                    count(*) over (partition by channel, issue) as n_stratum,
                    row_number() over (partition by channel, issue order by lot) as place,
                    row_number() over (partition by agent_id order by lot) as place_of_agent
                from pool
            )
            select contact_id, agent_id, channel, issue, opened_date, lot, n_pool, n_stratum from placed
            where place <= $most or place_of_agent <= $most order by lot
            """,
            {
                "seed": seed,
                "start": start,
                "end": end,
                "programs": list(programs),
                "channels": list(channels),
                "not_reviewed": not_reviewed,
                "without": list(without),
                "most": LARGEST_SAMPLE,
            },
        )

    def review_spread(self, scorecard_id: str, version: str) -> pl.DataFrame:
        """How an agent's routine reviews spread on each criterion, scores as shares of their scale.

        Returns:
            agent_id, criterion_id, n, mean, sum_of_squares (around the mean).
        """
        return self._frame(
            """
            select agent_id, criterion_id, count(*) as n, avg(share) as mean,
                sum(share * share) - count(*) * avg(share) * avg(share) as sum_of_squares
            from (
                select qa_reviews.agent_id, qa_ratings.criterion_id,
                    (qa_ratings.score - scorecards.min) / nullif(scorecards.max - scorecards.min, 0) as share
                from qa_ratings
                inner join qa_reviews using (review_id)
                inner join scorecards
                    on scorecards.scorecard_id = qa_ratings.scorecard_id
                    and scorecards.version = qa_ratings.version
                    and scorecards.criterion_id = qa_ratings.criterion_id
                where qa_reviews.purpose = 'routine' and qa_ratings.score is not null
                    and qa_ratings.scorecard_id = $scorecard and qa_ratings.version = $version
                    and qa_reviews.agent_id is not null
            ) where share is not null
            group by agent_id, criterion_id order by agent_id, criterion_id
            """,
            {"scorecard": scorecard_id, "version": version},
        )

    def criterion_use(self, scorecard_id: str, version: str) -> pl.DataFrame:
        """How often each criterion applies, by channel and issue: criterion_id, channel, issue, applies."""
        return self._frame(
            "select criterion_id, channel, issue, count(score) / count(*) as applies from qa_ratings "
            "inner join qa_reviews using (review_id) "
            "where qa_ratings.scorecard_id = $scorecard and qa_ratings.version = $version "
            "group by criterion_id, channel, issue order by criterion_id, channel, issue",
            {"scorecard": scorecard_id, "version": version},
        )

    def contact_facts(self, contact_ids: tuple[str, ...]) -> pl.DataFrame:
        """What a grader may know of contacts: nothing of the agent, nothing of the customer's rating."""
        return self._frame(
            f"select {_FACTS} from contacts left join programs using (program_id) "
            "where list_contains($ids, contact_id) order by contacts.contact_id",
            {"ids": list(contact_ids)},
        )

    def contact_agents(self, contact_ids: tuple[str, ...]) -> pl.DataFrame:
        """Who handled contacts: contact_id, agent_id, agent_name, site, team. Not for blind eyes."""
        return self._frame(
            "select contacts.contact_id, contacts.agent_id, "
            "coalesce(agent_name, contacts.agent_id) as agent_name, site, team "
            "from contacts left join agents using (agent_id) "
            "where list_contains($ids, contact_id) order by contacts.contact_id",
            {"ids": list(contact_ids)},
        )

    def reviews_to_contest(self, agent_id: str, limit: int = 100) -> pl.DataFrame:
        """Reviews of an agent with their score, the newest first; an expert's are not contested."""
        return self._frame(
            "select review_id, contact_id, grader_id, purpose, channel, issue, reviewed_date, raw_score, "
            "scorecard_id, version from qa_reviews where agent_id = $agent and purpose <> 'reference' "
            "order by reviewed_at desc, review_id limit $limit",
            {"agent": agent_id, "limit": limit},
        )

    def review_ratings(self, review_id: str) -> pl.DataFrame:
        """A review's scores beside their criteria: criterion_id, label, score, min, max, comment."""
        return self._frame(
            "select qa_ratings.criterion_id, coalesce(label, qa_ratings.criterion_id) as label, score, "
            "min, max, comment from qa_ratings inner join scorecards "
            "on scorecards.scorecard_id = qa_ratings.scorecard_id "
            "and scorecards.version = qa_ratings.version "
            "and scorecards.criterion_id = qa_ratings.criterion_id "
            "where review_id = $review order by section, qa_ratings.criterion_id",
            {"review": review_id},
        )

    def exported_sessions(self) -> pl.DataFrame:
        """Calibration sessions among the reviews, the newest first, also those that came in files.

        Returns:
            session_id, scorecard_id, version (a session on two of them is two rows), n_contacts, n_graders,
            n_reviews, last_reviewed_at. Only those in which two graders scored.
        """
        return self._frame(
            "select session_id, scorecard_id, version, count(distinct contact_id) as n_contacts, "
            "count(distinct grader_id) as n_graders, count(*) as n_reviews, "
            "max(reviewed_at) as last_reviewed_at "
            "from qa_reviews where session_id is not null and purpose <> 'routine' "
            "group by session_id, scorecard_id, version having count(distinct grader_id) > 1 "
            "order by last_reviewed_at desc, session_id, scorecard_id, version"
        )

    def session_ratings(self, session_id: str, scorecard_id: str, version: str) -> pl.DataFrame:
        """Every score of a session in the warehouse; of a contact that a grader scored twice, the newest."""
        return self._frame(
            """
            select qa_ratings.contact_id, qa_ratings.grader_id, review_id, qa_ratings.purpose, criterion_id,
                score, comment, qa_reviews.reviewed_at
            from qa_ratings
            inner join (
                select review_id, reviewed_at from qa_reviews
                where session_id = $session and scorecard_id = $scorecard and version = $version
                    and purpose <> 'routine'
                qualify row_number() over (
                    partition by contact_id, grader_id order by reviewed_at desc, review_id desc
                ) = 1
            ) as qa_reviews using (review_id)
            order by contact_id, grader_id, criterion_id
            """,
            {"session": session_id, "scorecard": scorecard_id, "version": version},
        )
