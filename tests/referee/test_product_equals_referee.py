"""The product against the second implementation, row for row, on seeded random workspaces.

`PLUMBLINE_REFEREE_SEEDS=100:200` compares other seeds, `PLUMBLINE_REFEREE_FULL=1` every grain of every split.
"""

import json
import os
import random
from collections.abc import Collection
from datetime import date, timedelta
from itertools import permutations

import pytest

from pipelines.reader import MetricRequest
from tests.referee.metrics import DIMENSIONS, GRAINS, METRICS, Referee, dimensions_of
from tests.referee.product import Product, differences, run

FULL = bool(os.environ.get("PLUMBLINE_REFEREE_FULL"))


def hold(
    referee: Referee,
    product: Product,
    metrics: Collection[str],
    by: tuple[str, ...] = (),
    grain: str = "all",
    start: date | None = None,
    end: date | None = None,
) -> list[str]:
    """Differences of all these metrics in one request."""
    ours = [row for metric in metrics for row in referee.rows(metric, by, grain, start, end)]
    theirs = product.rows(tuple(metrics), by, grain, start, end)
    return [f"by {by} grain {grain} from {start} to {end}: {line}" for line in differences(ours, theirs, by)]


def tell(found: list[str]) -> None:
    """Fail with the first differences, if any."""
    if found:
        pytest.fail(f"{len(found)} differences:\n" + "\n".join(found[:12]), pytrace=False)


def test_the_catalogue_has_every_metric(world: tuple[Referee, Product]) -> None:
    _, product = world
    assert set(METRICS) <= {definition.key for definition in product.reader.catalogue}
    for metric in METRICS:
        if metric != "answer_consistency":  # by agent there is no pair of different agents, so no row
            assert set(product.reader.definition(metric).dimensions) == set(dimensions_of(metric)), metric


def test_as_of(world: tuple[Referee, Product]) -> None:
    referee, product = world
    assert product.reader.build.as_of == referee.data.as_of


@pytest.mark.parametrize("grain", GRAINS)
def test_every_metric_at_every_grain(world: tuple[Referee, Product], grain: str) -> None:
    referee, product = world
    tell(hold(referee, product, tuple(METRICS), (), grain))


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_metric_by_every_dimension(world: tuple[Referee, Product], dimension: str) -> None:
    referee, product = world
    metrics = [metric for metric in METRICS if dimension in dimensions_of(metric)]
    grains = GRAINS if FULL else ("all", "week")
    tell([line for grain in grains for line in hold(referee, product, metrics, (dimension,), grain)])


def test_every_metric_by_pairs_of_dimensions(world: tuple[Referee, Product]) -> None:
    referee, product = world
    pick = random.Random(len(referee.facts.contacts))
    pairs = list(permutations(DIMENSIONS, 2))
    found = []
    for by in pairs if FULL else pick.sample(pairs, 4):
        metrics = [metric for metric in METRICS if set(by) <= set(dimensions_of(metric))]
        found += hold(referee, product, metrics, by, pick.choice(GRAINS))
    tell(found)


def test_every_metric_between_two_dates(world: tuple[Referee, Product]) -> None:
    referee, product = world
    pick = random.Random(len(referee.facts.contacts))
    found = []
    for grain in GRAINS:
        start = referee.data.as_of.date() - timedelta(days=pick.randrange(20, 200))
        end = start + timedelta(days=pick.randrange(0, 90))
        by = (pick.choice(("program_id", "operating_model")),) if pick.random() < 0.5 else ()
        found += hold(referee, product, tuple(METRICS), by, grain, start, end)
        open_end = pick.choice([(start, None), (None, end)])
        found += hold(referee, product, tuple(METRICS), by, grain, *open_end)
    tell(found)


@pytest.mark.parametrize("dimension", ["program_id", "site", "channel"])
def test_a_filter_gives_the_row_of_the_split(world: tuple[Referee, Product], dimension: str) -> None:
    _, product = world
    metrics = tuple(metric for metric in METRICS if dimension in dimensions_of(metric))
    split = product.rows(metrics, (dimension,))
    values = sorted({row[dimension] for row in split}, key=str)
    value = random.Random(len(split)).choice(values)
    request = MetricRequest(metrics=metrics, by=(dimension,), filters={dimension: (value,)})
    filtered = product.reader.metrics(request).to_dicts()
    tell(differences([row for row in split if row[dimension] == value], filtered, (dimension,)))


@pytest.mark.parametrize(
    ("metrics", "by", "grain"),
    [
        (["fcr", "value_retained", "csat_mean"], ["channel", "site"], "month"),
        (["informed_within_2h", "contacts_per_100_orders"], ["operating_model", "program_id"], "week"),
        (["handle_minutes_p90", "answer_consistency", "deflection"], [], "all"),
    ],
)
def test_the_command_prints_the_same_rows(
    world: tuple[Referee, Product], metrics: list[str], by: list[str], grain: str
) -> None:
    referee, product = world
    words = ["metrics", *metrics, "--grain", grain, "--format", "json", "--workspace", str(product.root)]
    printed = json.loads(run([*words, "--by", ",".join(by)] if by else words))
    names = ["metric", "grain", "period_start", *by, "value", "lower", "upper", "numerator", "denominator"]
    assert [list(row) for row in printed] == [[*names, "pending", "status"]] * len(printed)
    for row in printed:
        row["period_start"] = date.fromisoformat(row["period_start"]) if row["period_start"] else None
    ours = [row for metric in metrics for row in referee.rows(metric, tuple(by), grain)]
    tell(differences(ours, printed, tuple(by)))


def test_states_and_threads_of_contacts(world: tuple[Referee, Product]) -> None:
    referee, product = world
    rows = product.sql(
        "select contact_id, fcr_state, thread_id, is_first_contact, repeat_contact_id, repeat_opened_at, "
        "opened_at, closed_at from contacts"
    )
    first_of = {row["thread_id"]: row["contact_id"] for row in rows if row["is_first_contact"]}
    theirs = {
        row["contact_id"]: (
            row["is_first_contact"],
            row["fcr_state"],
            first_of[row["thread_id"]] if row["thread_id"] is not None else None,
            row["repeat_contact_id"],
            row["repeat_opened_at"],
            row["opened_at"],
            row["closed_at"],
        )
        for row in rows
    }
    facts = referee.facts
    ours = {}
    for contact in facts.contacts:
        repeat = facts.first_repeat(contact) or {}
        ours[contact["contact_id"]] = (
            facts.is_first_contact(contact),
            facts.fcr_state(contact),
            facts.thread(contact),
            repeat.get("contact_id"),
            *[
                moment.replace(tzinfo=None) if moment else None
                for moment in (repeat.get("opened_at"), contact["opened_at"], contact.get("closed_at"))
            ],
        )
    tell(
        [
            f"{key}: referee {ours.get(key)}, product {theirs.get(key)}"
            for key in sorted(ours.keys() | theirs.keys())
            if ours.get(key) != theirs.get(key)
        ]
    )


def test_stakes(world: tuple[Referee, Product]) -> None:
    referee, product = world
    theirs = {row["contact_id"]: row for row in product.sql("select * from stakes")}
    ours = {stake.contact["contact_id"]: stake for stake in referee.facts.stakes}
    assert theirs.keys() == ours.keys()
    for contact, stake in ours.items():
        row = theirs[contact]
        assert (row["order_id"], row["at_stake"], row["refunded"]) == (
            stake.order["order_id"],
            stake.at_stake,
            stake.refunded,
        ), contact


def test_reviews(world: tuple[Referee, Product]) -> None:
    referee, product = world
    rows = product.sql("select review_id, raw_score, auto_failed from qa_reviews")
    theirs = {row["review_id"]: row for row in rows}
    ours = {review["review_id"]: review for review in referee.facts.reviews}
    assert theirs.keys() == ours.keys()
    for key, review in ours.items():
        score = None if review["score"] is None else pytest.approx(float(review["score"]))
        assert (theirs[key]["raw_score"], theirs[key]["auto_failed"]) == (score, review["auto_failed"]), key
