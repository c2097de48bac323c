"""What happens in a contact: the queue, the agent, the solution, the money asked for, the survey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from pipelines.simulate import parameters as p
from pipelines.simulate.answers import ISSUE_CODES, NOT_SAID, queue, resolutions, survey
from pipelines.simulate.demand import Wishes
from pipelines.simulate.plan import END, HOUR, Calendar
from pipelines.simulate.world import Agents, Roster, tenure_effect

EMAIL = p.CHANNELS.index("email")


@dataclass(frozen=True)
class Handled:
    """Contacts as they went, one element each; instants of 0 and counts of -1 are empty cells.

    Attributes:
        day: Local day of the opening.
        load: How overloaded the desk was.
        quality: The contact's own quality, in standard deviations, the agent's apart.
        solved: Whether the problem is really solved.
        p_resolved: True probability that no sign of failure follows, known only here.
        p_refund: True probability of refunding, 0 where nothing could be refunded.
        p_refund_elsewhere: The same had the contact not gone to the save desk.
        p_escalated: True probability of an escalation.
        p_satisfied: True probability of a rating in the top two boxes, should one be given.
        can_refund: Whether money was asked for that could still go back.
        gives_refund: Whether it goes back.
    """

    wishes: Wishes
    day: np.ndarray
    load: np.ndarray
    site: np.ndarray
    agent: np.ndarray
    abandoned: np.ndarray
    wait: np.ndarray
    first_response_at: np.ndarray
    closed_at: np.ndarray
    handle: np.ndarray
    transfers: np.ndarray
    reopens: np.ndarray
    escalation: np.ndarray
    resolution: np.ndarray
    asks: np.ndarray
    quality: np.ndarray
    solved: np.ndarray
    p_resolved: np.ndarray
    p_refund: np.ndarray
    p_refund_elsewhere: np.ndarray
    p_escalated: np.ndarray
    p_satisfied: np.ndarray
    can_refund: np.ndarray
    gives_refund: np.ndarray
    csat: np.ndarray
    csat_sent: np.ndarray
    csat_at: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    def take(self, rows: np.ndarray) -> Handled:
        """Some of them, by mask or position."""
        parts = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "wishes"}
        return Handled(wishes=self.wishes.take(rows), **parts)


class Desk:
    """Handles contacts: holds what does not change from contact to contact."""

    def __init__(self, calendar: Calendar, agents: Agents, roster: Roster) -> None:
        self.calendar = calendar
        self.agents = agents
        self.roster = roster
        self.playbook_day = round(calendar.plan.days * 0.55)
        codes = [p.ISSUE[issue] for issue in p.ISSUES]
        self.solve = np.array([issue.solve for issue in codes])
        self.minutes = np.array([issue.minutes for issue in codes])
        self.asks = np.array([issue.asks for issue in codes])
        self.refund = np.array([issue.refund for issue in codes])
        self.escalate = np.array([issue.escalate for issue in codes])

    def handle(
        self, random: np.random.Generator, wishes: Wishes, order_value: np.ndarray, order_is_late: np.ndarray
    ) -> Handled:
        """The contacts that these customers have.

        Args:
            order_value: Value of each wish's order, in the program's currency; anything where there is none.
            order_is_late: Whether that order was late.
        """
        size = len(wishes)
        day = self.calendar.local_day(wishes.program, wishes.opened_at)
        second = wishes.opened_at - self.calendar.instants(wishes.program, day, np.zeros(size, np.int64))
        load = self.calendar.load_at(wishes.program, day, second)
        wait, abandoned = queue(random, wishes.channel, load)
        asks = random.random(size) < self.asks[wishes.issue]
        can_refund = asks & (wishes.order >= 0) & ~wishes.refunded & ~abandoned
        site, agent = self._route(random, wishes, day, second, can_refund, order_value)
        first_response, closed, handle = self._clock(random, wishes, agent, wait, abandoned, load)
        answered = ~abandoned & (closed > 0)

        quality = random.normal(0, 1, size)
        p_solve = self._p_solve(wishes, agent, site, day, load, quality)
        solved = answered & (random.random(size) < p_solve)
        p_elsewhere = self._p_refund(wishes, agent, order_value, order_is_late)
        shift = p.SAVE_DESK_REFUND * self.agents.on_save_desk[agent]
        p_refund = np.where(can_refund, expit(np.log(p_elsewhere / (1 - p_elsewhere)) + shift), 0.0)
        can_refund &= answered
        gives_refund = can_refund & (random.random(size) < p_refund)
        stated = answered & ~solved & ~gives_refund & (random.random(size) < p.STATED_UNRESOLVED)
        reopens = np.where(answered & ~solved & (random.random(size) < p.REOPENED), 1, 0)
        silent = (1 - p.COMES_BACK) * (1 - p.REOPENED) * (1 - p.STATED_UNRESOLVED * (1 - p_refund))
        p_resolved = p_solve * (1 - p.COMES_BACK_BY_CHANCE) + (1 - p_solve) * silent

        p_escalated = self._p_escalated(wishes, agent, load, p_solve)
        escalated = answered & (random.random(size) < self._p_escalated(wishes, agent, load, solved * 1.0))
        level = 1 + np.searchsorted([0.62, 0.95], random.random(size), side="right")
        latent, p_satisfied = self._satisfaction(
            random, wishes, agent, load, quality, solved, p_solve, gives_refund
        )
        csat, csat_sent, csat_at = survey(random, latent, answered, solved, closed)
        transfers = random.poisson(np.where(escalated, 0.55, 0.09), size)
        return Handled(
            wishes=wishes,
            day=day,
            load=load,
            site=site,
            agent=np.where(abandoned, NOT_SAID, agent),
            abandoned=abandoned,
            wait=wait,
            first_response_at=first_response,
            closed_at=closed,
            handle=handle,
            transfers=np.where(answered, transfers, np.where(abandoned, 0, NOT_SAID)),
            reopens=reopens,
            escalation=np.where(escalated, level, 0),
            resolution=resolutions(random, wishes, answered, gives_refund, can_refund, stated),
            asks=asks,
            quality=quality,
            solved=solved,
            p_resolved=p_resolved,
            p_refund=p_refund,
            p_refund_elsewhere=np.where(can_refund, p_elsewhere, 0.0),
            p_escalated=p_escalated,
            p_satisfied=p_satisfied,
            can_refund=can_refund,
            gives_refund=gives_refund,
            csat=csat,
            csat_sent=csat_sent,
            csat_at=csat_at,
        )

    def _route(
        self,
        random: np.random.Generator,
        wishes: Wishes,
        day: np.ndarray,
        second: np.ndarray,
        can_refund: np.ndarray,
        order_value: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Site and agent: urgent issues go rather to some sites, dear refunds rather to the save desk."""
        size = len(wishes)
        urgent = np.isin(wishes.issue, [ISSUE_CODES[issue] for issue in p.URGENT_ISSUES])
        site = np.zeros(size, dtype=np.int64)
        luck = random.random(size)
        for program in range(len(p.PROGRAMS)):
            here = [code for code, item in enumerate(p.SITES) if item.program == program]
            for is_urgent in (False, True):
                weights = np.array([p.SITES[c].share * (p.SITES[c].urgent if is_urgent else 1) for c in here])
                rows = (wishes.program == program) & (urgent == is_urgent)
                edges = np.cumsum(weights) / weights.sum()
                picked = np.minimum(np.searchsorted(edges, luck[rows], side="right"), len(here) - 1)
                site[rows] = np.array(here)[picked]
        wants = expit(-0.5 + 0.6 * np.log(np.maximum(order_value, 1) / p.REFUND_TYPICAL_VALUE))
        to_desk = can_refund & (random.random(size) < wants)
        group = np.where(to_desk, len(p.SITES) + wishes.program, site)
        agent = self.roster.pick(random, group, day, second)
        return self.agents.site[agent], agent

    def _clock(
        self,
        random: np.random.Generator,
        wishes: Wishes,
        agent: np.ndarray,
        wait: np.ndarray,
        abandoned: np.ndarray,
        load: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First response, closing and handling seconds; what lies after the end has not happened."""
        size = len(wishes)
        live = wishes.channel < p.LIVE_CHANNELS
        seconds = self.minutes[wishes.issue] * 60 * self.agents.speed[agent]
        seconds = seconds * np.exp(random.normal(-0.12, 0.48, size)) * np.where(live, 1.0, 0.7)
        seconds = np.clip(seconds, 25, 7_200).astype(np.int64)
        slow = np.array([0, 0, 3.0, 0.5, 0.9, 0.5, 0.4, 2.0])[wishes.channel] * HOUR
        busy = np.maximum(load / 0.86, 1.0) ** 3
        reply = np.where(
            live, wait, (slow * busy * np.exp(random.normal(0, 0.8, size))).astype(np.int64) + 60
        )
        rest = np.where(
            live, seconds, seconds + (slow * np.exp(random.normal(-0.3, 1.0, size))).astype(np.int64)
        )
        first_response = np.where(abandoned, 0, wishes.opened_at + reply)
        closed = np.where(abandoned, wishes.opened_at + wait, wishes.opened_at + reply + rest)
        first_response = np.where(first_response > END, 0, first_response)
        closed = np.where(closed > END, 0, closed)
        return first_response, closed, np.where(abandoned | (closed == 0), NOT_SAID, seconds)

    def _p_solve(
        self,
        wishes: Wishes,
        agent: np.ndarray,
        site: np.ndarray,
        day: np.ndarray,
        load: np.ndarray,
        quality: np.ndarray,
    ) -> np.ndarray:
        weak_site = next(code for code, item in enumerate(p.SITES) if item.name == p.WEAK_SITE)
        weak = (site == weak_site) & (wishes.issue == ISSUE_CODES[p.WEAK_ISSUE])
        taught = np.isin(wishes.issue, [ISSUE_CODES[issue] for issue in p.PLAYBOOK_ISSUES])
        taught &= (wishes.program == p.PLAYBOOK_PROGRAM) & (day >= self.playbook_day)
        return expit(
            p.SOLVE_BASE
            + self.solve[wishes.issue]
            + np.array(p.CHANNEL_SOLVE)[wishes.channel]
            + self.agents.solve[agent]
            + tenure_effect(self.agents.hired[agent], day)
            + p.QUALITY_SOLVE * quality
            + p.OVERLOAD_SOLVE * np.maximum(0, load - 1)
            + p.REPEAT_SOLVE * np.minimum(wishes.attempts, 2)
            + p.WEAK_EFFECT * weak
            + p.PLAYBOOK_EFFECT * taught
        )

    def _p_refund(
        self, wishes: Wishes, agent: np.ndarray, order_value: np.ndarray, order_is_late: np.ndarray
    ) -> np.ndarray:
        return expit(
            p.REFUND_BASE
            + self.refund[wishes.issue]
            + p.REFUND_VALUE_SLOPE * np.log(np.maximum(order_value, 1) / p.REFUND_TYPICAL_VALUE)
            + p.REFUND_LATE * order_is_late
            + np.array(p.CHANNEL_REFUND)[wishes.channel]
            + self.agents.refund[agent]
        )

    def _p_escalated(
        self, wishes: Wishes, agent: np.ndarray, load: np.ndarray, solved: np.ndarray
    ) -> np.ndarray:
        """Probability of an escalation; `solved` may be a probability, then it is averaged over."""
        base = (
            p.ESCALATE_BASE
            + self.escalate[wishes.issue]
            + self.agents.escalate[agent]
            + p.ESCALATE_OVERLOAD * np.maximum(0, load - 1)
        )
        return solved * expit(base) + (1 - solved) * expit(base + p.ESCALATE_UNSOLVED)

    def _satisfaction(
        self,
        random: np.random.Generator,
        wishes: Wishes,
        agent: np.ndarray,
        load: np.ndarray,
        quality: np.ndarray,
        solved: np.ndarray,
        p_solve: np.ndarray,
        gives_refund: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        own = (
            self.agents.csat[agent]
            + 0.15 * quality
            + 0.25 * gives_refund
            + p.CSAT_OVERLOAD * np.maximum(0, load - 1)
            - 0.1 * wishes.attempts
        )
        latent = own + np.where(solved, p.CSAT_SOLVED, p.CSAT_UNSOLVED) + random.normal(0, 1, len(wishes))
        satisfied = p_solve * ndtr(own + p.CSAT_SOLVED) + (1 - p_solve) * ndtr(own + p.CSAT_UNSOLVED)
        return latent, satisfied
