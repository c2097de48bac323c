"""What was put in: parameters, people and effects, and what they were bound to give on average.

An `expected_…` is the mean of true probabilities over the very contacts that were simulated, before
chance decided: what a product that measures well comes near to, up to sampling.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.block import Block, World, events_of
from pipelines.simulate.plan import END
from pipelines.simulate.reviews import expected_score
from pipelines.simulate.truth_keys import ABOUT, EFFECTS

MEASURES = ("fcr", "csat", "escalation_rate", "refund_avoidance")


class Truth:
    """Sums the expectations of block after block and writes them down."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sums = np.zeros((len(MEASURES), 2, len(world.agents)))
        self.site_issue = np.zeros((2, len(p.SITES), len(p.ISSUES)))
        self.desk = np.zeros(6)
        self.informed = np.zeros((len(p.EVENTS), 2), dtype=np.int64)

    def add(self, block: Block) -> None:
        """Take a block's contacts into account."""
        self.informed += block.informed
        contacts = block.contacts
        wishes = contacts.wishes
        size = len(self.world.agents)
        handled = (contacts.agent >= 0) & (contacts.closed_at > 0)
        first = handled & (wishes.customer >= 0) & (wishes.attempts == 0)
        masks = (first, handled, handled, contacts.can_refund)
        values = (contacts.p_resolved, contacts.p_satisfied, contacts.p_escalated, 1 - contacts.p_refund)
        for number, (mask, value) in enumerate(zip(masks, values, strict=True)):
            agent = contacts.agent[mask]
            self.sums[number, 0] += np.bincount(agent, value[mask], size)
            self.sums[number, 1] += np.bincount(agent, minlength=size)
        cell = contacts.site[first] * len(p.ISSUES) + wishes.issue[first]
        shape, many = self.site_issue[0].shape, self.site_issue[0].size
        self.site_issue[0] += np.bincount(cell, contacts.p_resolved[first], many).reshape(shape)
        self.site_issue[1] += np.bincount(cell, minlength=many).reshape(shape)
        on_desk = contacts.can_refund & self.world.agents.on_save_desk[contacts.agent]
        gain = (contacts.p_refund_elsewhere - contacts.p_refund)[on_desk]
        value = block.orders.value[wishes.order[on_desk]]
        chain_refunds = np.zeros(int(wishes.chain.max(initial=-1)) + 1, dtype=bool)
        chain_refunds[wishes.chain[contacts.gives_refund]] = True
        later = chain_refunds[wishes.chain[on_desk]] & ~contacts.gives_refund[on_desk]
        self.desk += [
            on_desk.sum(),
            contacts.p_refund[on_desk].sum(),
            contacts.p_refund_elsewhere[on_desk].sum(),
            gain.sum(),
            (gain * value).sum(),
            later.sum(),
        ]

    def text(self, counts: dict[str, int]) -> str:
        """The document, as JSON."""
        world, plan = self.world, self.world.plan
        written: dict[str, Any] = {
            "about": ABOUT,
            "plan": asdict(plan),
            "period": {
                "first_day": plan.first_day.isoformat(),
                "end": datetime.fromtimestamp(END, UTC).isoformat(),
            },
            "programs": self._programs(),
            "sites": self._sites(),
            "site_issue": self._site_issue(),
            "agents": self._agents(),
            "graders": self._graders(),
            "criteria": [asdict(item) for item in p.CRITERIA],
            "issues": {name: asdict(item) for name, item in p.ISSUE.items()},
            "events": self._events(),
            "load": self._load(),
            "effects": {name.lower(): getattr(p, name) for name in EFFECTS}
            | {"playbook_from": self._date(world.desk.playbook_day)}
            | {"playbook_program": p.PROGRAMS[p.PLAYBOOK_PROGRAM].program_id},
            "refund": self._refund(),
            "repeat_purchase": {
                "share_after_solved": p.REORDERS_SOLVED,
                "share_after_solved_late": p.REORDERS_SOLVED_LATE,
                "share_after_unsolved": p.REORDERS_UNSOLVED,
                "mean_days": p.REORDER_MEAN_DAYS,
            },
            "counts": counts,
        }
        return json.dumps(_rounded(written), ensure_ascii=False, indent=1) + "\n"

    def _date(self, day: int) -> str:
        return (
            np.datetime64(self.world.plan.first_day, "D").__add__(np.timedelta64(day, "D")).item().isoformat()
        )

    def _expected(self, agents: np.ndarray) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, measure in enumerate(MEASURES):
            total, count = self.sums[number, 0, agents].sum(), self.sums[number, 1, agents].sum()
            found[f"expected_{measure}"] = float(total / count) if count else None
            found[f"{measure}_contacts"] = int(count)
        return found

    def _programs(self) -> list[dict[str, Any]]:
        return [
            {"program_id": item.program_id, "share": item.share}
            | self._expected(self.world.agents.program == code)
            for code, item in enumerate(p.PROGRAMS)
        ]

    def _sites(self) -> list[dict[str, Any]]:
        return [
            {
                "site": item.name,
                "program_id": p.PROGRAMS[item.program].program_id,
                "solve": item.solve,
                "refund": item.refund,
            }
            | self._expected(self.world.agents.site == code)
            for code, item in enumerate(p.SITES)
        ]

    def _site_issue(self) -> list[dict[str, Any]]:
        return [
            {
                "site": site.name,
                "issue": issue,
                "first_contacts": int(self.site_issue[1, row, column]),
                "expected_fcr": float(self.site_issue[0, row, column] / self.site_issue[1, row, column]),
            }
            for row, site in enumerate(p.SITES)
            for column, issue in enumerate(p.ISSUES)
            if self.site_issue[1, row, column]
        ]

    def _agents(self) -> list[dict[str, Any]]:
        agents = self.world.agents
        nothing = np.zeros(len(agents))
        score = expected_score(agents.quality, nothing, np.zeros((len(agents), len(p.CRITERIA))))
        return [
            {
                "agent_id": agent_id,
                "solve": float(agents.solve[row]),
                "quality": float(agents.quality[row]),
                "csat": float(agents.csat[row]),
                "refund": float(agents.refund[row]),
                "escalate": float(agents.escalate[row]),
                "speed": float(agents.speed[row]),
                "on_save_desk": bool(agents.on_save_desk[row]),
                "in_surge_team": bool(agents.in_surge_team[row]),
                "expected_qa_score": float(score[row]),
            }
            | self._expected(np.array([row]))
            for row, agent_id in enumerate(agents.ids)
        ]

    def _graders(self) -> list[dict[str, Any]]:
        graders, agents = self.world.graders, self.world.agents
        lenient = expected_score(
            agents.quality, np.zeros(len(agents)), np.zeros((len(agents), len(p.CRITERIA)))
        ).mean()
        found = []
        for row, grader_id in enumerate(graders.ids):
            by_criterion = np.repeat(graders.by_criterion[row][None, :], len(agents), axis=0)
            points = [
                float(
                    lenient
                    - expected_score(agents.quality, np.full(len(agents), severity), by_criterion).mean()
                )
                for severity in (graders.severity[row], graders.severity[row] + graders.drift[row])
            ]
            found.append(
                {
                    "grader_id": grader_id,
                    "severity": float(graders.severity[row]),
                    "by_criterion": {
                        item.criterion_id: float(value)
                        for item, value in zip(p.CRITERIA, graders.by_criterion[row], strict=True)
                    },
                    "drift": float(graders.drift[row]),
                    "drift_from": self._date(graders.drift_from),
                    "severity_points_at_start": points[0],
                    "severity_points_at_end": points[1],
                }
            )
        return found

    def _events(self) -> list[dict[str, Any]]:
        return [
            {
                "event_id": event.event_id,
                "program_id": p.PROGRAMS[event.program].program_id,
                "kind": event.kind,
                "started_at": datetime.fromtimestamp(self.world.calendar.event_start(event), UTC).isoformat(),
                "late_share": event.late,
                "customers_with_open_order": int(self.informed[p.EVENTS.index(event), 0]),
                "informed_within_2h": int(self.informed[p.EVENTS.index(event), 1]),
                "load_added": event.load,
            }
            for event in events_of(self.world.calendar)
        ]

    def _load(self) -> dict[str, Any]:
        days = self.world.plan.days
        load = self.world.calendar.load[:, -days:]
        weeks = [float(load[p.SALE_PROGRAM, day : day + 7].mean()) for day in range(0, days, 7)]
        return {
            "programs": [
                {"program_id": item.program_id, "mean": float(row.mean()), "highest": float(row.max())}
                for item, row in zip(p.PROGRAMS, load, strict=True)
            ],
            "sale_program_by_week": weeks,
            "sale_day": self._date(self.world.plan.sale_day),
        }

    def _refund(self) -> dict[str, Any]:
        stakes, here, elsewhere, avoided, value, later = self.desk.tolist()
        share_later = later / (stakes - here) if stakes else 0.0
        return {
            "save_desk_effect": p.SAVE_DESK_REFUND,
            "stakes": int(stakes),
            "refund_probability": here / stakes if stakes else None,
            "refund_probability_elsewhere": elsewhere / stakes if stakes else None,
            "incremental_avoided": avoided,
            "incremental_value": value,
            "refunded_by_a_later_contact_share": share_later,
            "incremental_avoided_in_window": avoided * (1 - share_later),
        }


def _rounded(value: Any) -> Any:
    """Floats at twelve digits, so that the text does not depend on the order of a sum."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
