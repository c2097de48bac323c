"""The small tables: programs, agents, scorecard, events, staffing, signals, targets, rates of exchange."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.simulate import parameters as p
from pipelines.simulate.block import World, events_of
from pipelines.simulate.frames import instants, words
from pipelines.simulate.plan import DAY, END, HOUR, LAST_DAY, WARM_UP, Plan
from pipelines.simulate.world import SHIFT_CHANGE

TARGETS = {
    "fcr": (0.76, 0.78),
    "one_touch": (0.68, 0.70),
    "csat": (0.78, 0.80),
    "csat_mean": (4.2, 4.3),
    "qa_score": (78.0, 80.0),
    "refund_avoidance": (0.55, 0.57),
    "healthy_avoidance": (0.46, 0.48),
    "abandonment_rate": (0.03, 0.03),
    "escalation_rate": (0.055, 0.05),
    "service_level": (0.78, 0.80),
    "repeat_contact_rate": (0.20, 0.19),
    "repeat_purchase_rate": (0.40, 0.42),
    "chargeback_rate": (0.004, 0.004),
    "transfer_rate": (0.11, 0.10),
    "informed_within_2h": (0.45, 0.50),
    "contacts_per_100_orders": (42.0, 40.0),
    "handle_minutes_median": (5.0, 5.0),
}
PARTNER_TARGETS = {"fcr": (0.73, 0.75), "csat": (0.75, 0.77)}


def programs() -> pl.DataFrame:
    """Rows of `programs`."""
    names = (
        "program_id",
        "program_name",
        "client_name",
        "operating_model",
        "partner",
        "timezone",
        "currency",
    )
    return pl.DataFrame({name: [getattr(item, name) for item in p.PROGRAMS] for name in names})


def agents(world: World) -> pl.DataFrame:
    """Rows of `agents`."""
    people, first_day = world.agents, world.plan.first_day
    site = [p.SITES[code] for code in people.site]
    left = [first_day + timedelta(days=int(day)) if day < world.plan.days else None for day in people.left]
    return pl.DataFrame(
        {
            "agent_id": people.ids,
            "agent_name": people.names,
            "program_id": words(people.program, [item.program_id for item in p.PROGRAMS]),
            "site": [item.name for item in site],
            "region": [item.region for item in site],
            "team": words(people.team, people.teams),
            "hired_on": [first_day + timedelta(days=int(day)) for day in people.hired],
            "left_on": pl.Series(left, dtype=pl.Date),
            "updated_at": instants(np.full(len(people), END)),
        }
    ).filter(pl.col("hired_on") <= LAST_DAY)


def scorecards() -> pl.DataFrame:
    """Rows of `scorecards`."""
    names = ("criterion_id", "label", "section", "min", "max", "weight", "auto_fail", "scale")
    return pl.DataFrame(
        {
            "scorecard_id": [p.SCORECARD] * len(p.CRITERIA),
            "version": [p.SCORECARD_VERSION] * len(p.CRITERIA),
        }
        | {name: [getattr(item, name) for item in p.CRITERIA] for name in names}
    )


def events(world: World) -> pl.DataFrame:
    """Rows of `events`, ends after the end of the history left open."""
    found = events_of(world.calendar)
    start = np.array([world.calendar.event_start(event) for event in found], dtype=np.int64)
    hours = np.array([event.hours for event in found])
    forecast = [
        round(event.forecast_share * world.plan.sale_orders) if event.forecast_share else None
        for event in found
    ]
    return pl.DataFrame(
        {
            "event_id": pl.Series([event.event_id for event in found], dtype=pl.String),
            "program_id": words(
                np.array([event.program for event in found], dtype=np.int64),
                [item.program_id for item in p.PROGRAMS],
            ),
            "kind": pl.Series([event.kind for event in found], dtype=pl.String),
            "label": pl.Series([event.label for event in found], dtype=pl.String),
            "started_at": instants(start),
            "ended_at": instants(start + (hours * HOUR).astype(np.int64)),
            "forecast_orders": pl.Series(forecast, dtype=pl.Int64),
        }
    ).sort("started_at", "event_id")


def staffing(world: World, random: np.random.Generator) -> pl.DataFrame:
    """Rows of `staffing`: one a working day of an agent."""
    agent, day = np.nonzero(world.desk.roster.works)
    program = world.agents.program[agent]
    late = world.agents.shift[agent] == 1
    start_hour = np.where(late, SHIFT_CHANGE - HOUR, 7 * HOUR)
    start = world.calendar.instants(program, day, start_hour) + random.integers(-420, 600, len(agent))
    end = start + 8 * HOUR + random.integers(-900, 1_500, len(agent))
    return (
        pl.DataFrame(
            {
                "program_id": words(program, [item.program_id for item in p.PROGRAMS]),
                "agent_id": words(agent, world.agents.ids),
                "site": words(world.agents.site[agent], [item.name for item in p.SITES]),
                "logged_in_at": instants(start),
                "logged_out_at": instants(end),
            }
        )
        .filter(pl.col("logged_in_at").is_not_null())
        .sort("logged_in_at", "agent_id")
    )


def signals(world: World, random: np.random.Generator) -> pl.DataFrame:
    """Rows of `signals`: every one or three hours, and every five minutes around the flash sale."""
    calendar, plan = world.calendar, world.plan
    parts = []
    for code, program in enumerate(p.PROGRAMS):
        start, end = int(calendar.midnight[code, WARM_UP]), END
        times = np.arange(start, end, HOUR)
        sale = int(calendar.midnight[code, WARM_UP + plan.sale_day]) + p.SALE_HOUR * HOUR
        if code == p.SALE_PROGRAM and plan.sale_orders:
            times = np.union1d(times, np.arange(sale - 12 * HOUR, sale + 24 * HOUR, 300))
        times = times[times <= end]
        rows = np.full(len(times), code)
        day = calendar.local_day(rows, times)
        hour = (times - calendar.instants(rows, day, np.zeros(len(times), np.int64))) // HOUR
        usual = calendar.season[day + WARM_UP] * HOURLY[np.clip(hour, 0, 23)]
        rush = np.zeros(len(times))
        wave = np.zeros(len(times))
        if code == p.SALE_PROGRAM and plan.sale_orders:
            since = (times - sale) / HOUR
            rush = np.where((since >= -1) & (since <= p.SALE_HOURS + 1), 30.0, 0.0)
            wave = np.where(since > 24, 4 * np.exp(-(((since - 120) / 72) ** 2)), 0.0)
        levels = {
            "cart_velocity": 40 * usual * (1 + rush),
            "search_terms": 12 * usual * (1 + wave),
            "social_mentions": 3 * usual * (1 + rush / 6 + wave),
        }
        for name, level in levels.items():
            kept = (hour % 3 == 0) | (times % HOUR > 0) | (name == "cart_velocity")
            parts.append(
                pl.DataFrame(
                    {
                        "program_id": [program.program_id] * int(kept.sum()),
                        "at": instants(times[kept]),
                        "name": [name] * int(kept.sum()),
                        "value": random.poisson(level[kept]).astype(np.float64),
                    }
                )
            )
    return pl.concat(parts).sort("at", "program_id", "name")


HOURLY = np.array(
    [0.15] * 7 + [0.5, 0.8, 1.1, 1.3, 1.4, 1.4, 1.3, 1.2, 1.2, 1.2, 1.2, 1.3, 1.4, 1.3, 1.0, 0.6, 0.3]
)


def targets(plan: Plan) -> pl.DataFrame:
    """Rows of `targets`: for all programs, raised at the new year; two of them softer for the partner."""
    new_year = date(LAST_DAY.year, 1, 1)
    days = [plan.first_day] + ([new_year] if plan.first_day < new_year else [])
    partner = p.PROGRAMS[1].program_id
    rows = [
        {"metric": metric, "program_id": program, "valid_from": day, "target": values[position]}
        for program, table in ((None, TARGETS), (partner, PARTNER_TARGETS))
        for metric, values in table.items()
        for position, day in enumerate(days)
    ]
    return pl.DataFrame(
        rows,
        schema={"metric": pl.String, "program_id": pl.String, "valid_from": pl.Date, "target": pl.Float64},
    )


def fx_rates(plan: Plan, random: np.random.Generator) -> pl.DataFrame:
    """Rows of `fx_rates`: working days only, as banks publish them, from before the first order."""
    days = [plan.first_day + timedelta(days=day) for day in range(-WARM_UP - 7, plan.days)]
    steps = np.cumsum(random.normal(0, 0.0018, len(days)))
    rates = p.CAD_RATE * np.exp(0.5 * (steps - steps.mean()))
    return pl.DataFrame(
        {
            "currency": ["CAD"] * len(days),
            "day": days,
            "to_currency": ["USD"] * len(days),
            "rate": pl.Series(np.round(rates, 6)).cast(pl.Decimal(18, 6)),
        }
    ).filter(pl.col("day").dt.weekday() <= 5)


def covered_days(plan: Plan) -> list[int]:
    """Instants that cut the history into slices of about a hundred thousand contacts."""
    slices = max(1, round(plan.contacts / 100_000))
    first = END - plan.days * DAY
    return [first + round(number * plan.days * DAY / slices) for number in range(1, slices)]
