"""Reviews of a small world whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest


@dataclass(frozen=True)
class World:
    """Simulated reviews and what made them: skills by agent, severities by grader, both in points."""

    reviews: pl.DataFrame
    skill: dict[str, float]
    severity: dict[str, float]


def build_world(
    seed: int,
    *,
    agents: int = 16,
    graders: int = 5,
    per_agent: int = 20,
    skill_sd: float = 5.0,
    severity_sd: float = 4.0,
    noise: float = 8.0,
    drift: float = 0.0,
    days: int = 60,
) -> World:
    """Routine reviews by graders who meet agents unevenly, and a session of contacts that all score.

    The first grader grows stricter by `drift` points over the days.
    """
    random = np.random.default_rng(seed)
    skill = random.normal(0, skill_sd, agents)
    severity = random.normal(0, severity_sd, graders)
    severity -= severity.mean()
    agent = np.repeat(np.arange(agents), per_agent)
    n = agent.size
    # Each agent mostly meets two graders: raw scores carry these graders' severity.
    favourite = random.integers(0, graders, (agents, 2))
    grader = np.where(
        random.random(n) < 0.7, favourite[agent, random.integers(0, 2, n)], random.integers(0, graders, n)
    )
    contact = np.arange(n)
    session = random.choice(n, 8, replace=False)
    agent = np.concatenate([agent, np.repeat(agent[session], graders)])
    contact = np.concatenate([contact, np.repeat(contact[session], graders)])
    purpose = np.array(["routine"] * n + ["calibration"] * (8 * graders))
    grader = np.concatenate([grader, np.tile(np.arange(graders), 8)])
    issue = random.choice(["wismo", "refund", "product"], contact.max() + 1)[contact]
    hard = np.select([issue == "refund", issue == "product"], [-6.0, 2.0], 0.0)
    of_contact = random.normal(0, noise / 2, contact.max() + 1)[contact]
    day = random.integers(0, days, agent.size)
    stricter = np.where(grader == 0, drift * day / days, 0.0)
    score = (
        75
        + skill[agent]
        - severity[grader]
        - stricter
        + hard
        + of_contact
        + random.normal(0, noise, agent.size)
    )
    start = datetime(2026, 1, 5)
    frame = pl.DataFrame(
        {
            "review_id": [f"r{number:05d}" for number in range(agent.size)],
            "contact_id": [f"c{number:05d}" for number in contact],
            "agent_id": [f"a{number:02d}" for number in agent],
            "grader_id": [f"g{number:02d}" for number in grader],
            "program_id": "P",
            "channel": "chat",
            "issue": issue,
            "purpose": purpose,
            "reviewed_at": [start + timedelta(days=int(one)) for one in day],
            "raw_score": score,
        }
    )
    return World(
        frame,
        {f"a{number:02d}": float(value) for number, value in enumerate(skill)},
        {f"g{number:02d}": float(value) for number, value in enumerate(severity)},
    )


@pytest.fixture(scope="session")
def world() -> World:
    """One world, fitted by several tests."""
    return build_world(11)


@pytest.fixture(scope="session")
def make_world():
    """The builder of worlds, for tests that need one of their own."""
    return build_world
