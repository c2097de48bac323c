"""Who works here: agents with true skills, the roster they work by, graders with true severities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.names import invented_names
from pipelines.simulate.plan import Plan

SHIFTS = 2  # early until 15:00, late from then on
SHIFT_CHANGE = 15 * 3600
NEVER = 10**6


@dataclass(frozen=True)
class Agents:
    """Agents, one element each: who they are and their true effects (logit scale unless said otherwise).

    Attributes:
        hired: Day of history on which they started (negative: before it).
        left: Last day of work, NEVER while employed.
        solve: On solving a contact, the site's effect included.
        quality: True quality of the conversation, in standard deviations of contacts' quality.
        speed: Factor on handling time.
    """

    names: list[str]
    program: np.ndarray
    site: np.ndarray
    team: np.ndarray
    teams: list[str]
    hired: np.ndarray
    left: np.ndarray
    shift: np.ndarray
    solve: np.ndarray
    quality: np.ndarray
    csat: np.ndarray
    refund: np.ndarray
    escalate: np.ndarray
    speed: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    @property
    def ids(self) -> list[str]:
        """Agent ids."""
        return [f"A{number + 1:04d}" for number in range(len(self))]

    @property
    def on_save_desk(self) -> np.ndarray:
        """Whether an agent sits on the save desk."""
        return np.array([self.teams[code] == p.SAVE_DESK for code in self.team])

    @property
    def in_surge_team(self) -> np.ndarray:
        """Whether an agent was brought in for the surge."""
        return np.array([self.teams[code] == p.SURGE_TEAM for code in self.team])


@dataclass(frozen=True)
class Graders:
    """Graders and their true severities (latent scale: higher scores lower); the last one is the expert.

    Attributes:
        severity: Grader; constant part.
        by_criterion: Grader x criterion; added for single criteria, sums to about zero.
        drift: Grader; added linearly over the days after drift_from.
    """

    program: np.ndarray
    severity: np.ndarray
    by_criterion: np.ndarray
    drift: np.ndarray
    drift_from: int

    def __len__(self) -> int:
        return len(self.severity)

    @property
    def ids(self) -> list[str]:
        """Grader ids."""
        return [f"G{number + 1:02d}" for number in range(len(self) - 1)] + ["G-expert"]

    def severity_on(self, grader: np.ndarray, day: np.ndarray, days: int) -> np.ndarray:
        """Severity of graders on days of history, drift included."""
        progress = np.clip((day - self.drift_from) / max(1, days - self.drift_from), 0, 1)
        return self.severity[grader] + self.drift[grader] * progress


def make_agents(plan: Plan, random: np.random.Generator) -> Agents:
    """Agents in number with the contacts, sites in proportion, about a fifth replaced over the year."""
    wanted = int(np.clip(0.27 * plan.contacts**0.5, 20, 1_500))
    site_share = np.array([p.PROGRAMS[site.program].share * site.share for site in p.SITES])
    seats = np.maximum(3, np.round(site_share * wanted)).astype(int)
    columns: dict[str, list[int]] = {"site": [], "team": [], "hired": [], "left": []}
    teams: list[str] = []
    for code, site in enumerate(p.SITES):
        first_team = len(teams)
        n_teams = max(1, round(seats[code] / 12))
        teams += [f"{site.name} {number + 1}" for number in range(n_teams)]
        for seat in range(seats[code]):
            team = first_team + seat % n_teams
            left = NEVER
            hired = -int(random.exponential(700)) - 15
            if random.random() < 0.2 and plan.days > 120:
                left = int(random.integers(40, plan.days - 40))
            for start, end in [(hired, left)] + ([(left - 5, NEVER)] if left != NEVER else []):
                for name, value in zip(columns, (code, team, start, end), strict=True):
                    columns[name].append(value)
    _add_save_desks(columns, teams, seats)
    _add_surge_team(columns, teams, plan, seats)
    arrays = [np.array(column) for column in columns.values()]
    return _with_effects(arrays[0], arrays[1], teams, arrays[2], arrays[3], random)


def _add_save_desks(columns: dict[str, list[int]], teams: list[str], seats: np.ndarray) -> None:
    """One team a program, at its largest site, for people who ask for their money back."""
    teams.append(p.SAVE_DESK)
    for code in (0, 3):
        for number in range(max(2, round(seats[code] / 7))):
            for name, value in zip(columns, (code, len(teams) - 1, -400 - number, NEVER), strict=True):
                columns[name].append(value)


def _add_surge_team(columns: dict[str, list[int]], teams: list[str], plan: Plan, seats: np.ndarray) -> None:
    """People brought in for the flash sale's wave, at the partner's largest site, for three weeks."""
    if not plan.sale_orders:
        return
    teams.append(p.SURGE_TEAM)
    first, last = plan.sale_day + p.SURGE_FIRST_DAY, plan.sale_day + p.SURGE_LAST_DAY
    for _ in range(max(3, round(seats[4] * p.SURGE_TEAM_RELIEF))):
        for name, value in zip(columns, (4, len(teams) - 1, first, last), strict=True):
            columns[name].append(value)


def _with_effects(
    site: np.ndarray,
    team: np.ndarray,
    teams: list[str],
    hired: np.ndarray,
    left: np.ndarray,
    random: np.random.Generator,
) -> Agents:
    size = len(site)
    surge = np.array([teams[code] == p.SURGE_TEAM for code in team])
    skill = random.normal(0, 1, size)
    own = random.normal(0, 1, size)
    for code in range(len(p.SITES)):
        # Centred within the site, so that a site is as good as its effect says, not as its draw of people.
        here = (site == code) & ~surge
        skill[here] -= skill[here].mean()
        own[here] -= own[here].mean()
    together = p.AGENT_QUALITY_SKILL_CORRELATION
    quality = together * skill + (1 - together**2) ** 0.5 * own
    site_solve = np.array([item.solve for item in p.SITES])[site]
    site_refund = np.array([item.refund for item in p.SITES])[site]
    csat = 0.5 * skill + 0.87 * random.normal(0, 1, size)
    return Agents(
        names=invented_names([p.SITES[code].languages for code in site], random),
        program=np.array([item.program for item in p.SITES])[site],
        site=site,
        team=team,
        teams=teams,
        hired=hired,
        left=left,
        shift=random.permutation(size) % SHIFTS,
        solve=p.AGENT_SOLVE_SD * skill + site_solve + p.SURGE_TEAM_SOLVE * surge,
        quality=p.AGENT_QUALITY_SD * quality,
        csat=p.AGENT_CSAT_SD * csat,
        refund=p.AGENT_REFUND_SD * random.normal(0, 1, size) + site_refund,
        escalate=p.AGENT_ESCALATE_SD * random.normal(0, 1, size),
        speed=np.exp(p.AGENT_SPEED_SD * random.normal(0, 1, size)),
    )


def make_graders(plan: Plan, random: np.random.Generator) -> Graders:
    """Graders in number with the reviews, half of them in each program, and one expert without severity."""
    size = int(np.clip(0.16 * plan.reviews**0.5, 6, 60)) + 1
    severity = random.normal(0, p.GRADER_SEVERITY_SD, size)
    severity -= severity[:-1].mean()
    by_criterion = random.normal(0, p.GRADER_CRITERION_SD, (size, len(p.CRITERIA)))
    by_criterion -= by_criterion.mean(axis=1, keepdims=True)
    drift = np.zeros(size)
    drift[p.DRIFT_GRADER] = p.DRIFT_LATENT
    severity[-1], by_criterion[-1] = 0.0, 0.0
    return Graders(
        program=np.arange(size) % len(p.PROGRAMS),
        severity=severity,
        by_criterion=by_criterion,
        drift=drift,
        drift_from=round(plan.days * 0.6),
    )


class Roster:
    """Who works when: five days a week in one of two shifts, so that every contact finds someone at work.

    A cell is a (group, day, shift); a group is a site's ordinary agents or a program's save desk.
    """

    def __init__(self, plan: Plan, agents: Agents, random: np.random.Generator) -> None:
        self.days = plan.days
        self.agents = agents
        size = len(agents)
        first_day_off = random.integers(0, 7, size)
        day = np.arange(plan.days)
        weekday = (day[None, :] + first_day_off[:, None]) % 7
        employed = (day[None, :] >= agents.hired[:, None]) & (day[None, :] <= agents.left[:, None])
        holiday = random.random((size, plan.days)) < 0.06
        self.works = employed & (weekday < 5) & ~holiday
        self.groups = len(p.SITES) + len(p.PROGRAMS)
        group = np.where(agents.on_save_desk, len(p.SITES) + agents.program, agents.site)
        self._first, self._count, self._agents = self._cells(group, employed)

    def _cells(self, group: np.ndarray, employed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first = np.zeros((self.groups, self.days, SHIFTS), dtype=np.int64)
        count = np.zeros_like(first)
        cells: list[np.ndarray] = []
        position = 0
        for code in range(self.groups):
            members = np.flatnonzero(group == code)
            for day in range(self.days):
                at_work = members[self.works[members, day]]
                if not len(at_work):
                    # Someone always comes in: the first of those employed opens the door.
                    at_work = members[employed[members, day]][:1]
                    self.works[at_work, day] = True
                for shift in range(SHIFTS):
                    on_shift = at_work[self.agents.shift[at_work] == shift]
                    cell = on_shift if len(on_shift) else at_work
                    first[code, day, shift], count[code, day, shift] = position, len(cell)
                    cells.append(cell)
                    position += len(cell)
        return first, count, np.concatenate(cells)

    def pick(
        self, random: np.random.Generator, group: np.ndarray, day: np.ndarray, second: np.ndarray
    ) -> np.ndarray:
        """An agent at work for each contact."""
        shift = (second >= SHIFT_CHANGE).astype(np.int64)
        day = np.clip(day, 0, self.days - 1)
        first, count = self._first[group, day, shift], self._count[group, day, shift]
        return self._agents[first + (random.random(len(group)) * count).astype(np.int64)]


def tenure_effect(hired: np.ndarray, day: np.ndarray) -> np.ndarray:
    """What being new costs in solving, fading over the first months."""
    tenure = np.maximum(0, day - hired)
    return p.NEW_HIRE_SOLVE * np.exp(-tenure / p.NEW_HIRE_DAYS)
