"""Draws: repeatable, by the rule they state, and silent on who the agent is."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from pipelines.calibration.draws import (
    aimed_draw,
    lot,
    random_draw,
    stratified_draw,
    widths,
    with_picked,
)
from pipelines.errors import UsageError


def pool(seed: int = 7, sizes: dict[tuple[str, str], int] | None = None) -> pl.DataFrame:
    """Contacts of some channels and issues, taken in turn by four agents, each with its lot."""
    sizes = sizes or {("chat", "wismo"): 60, ("voice", "refund"): 30, ("email", "other"): 10}
    rows = [
        (f"{channel}-{issue}-{n}", f"A{n % 4}", channel, issue, size)
        for (channel, issue), size in sizes.items()
        for n in range(size)
    ]
    frame = pl.DataFrame(
        rows, schema=["contact_id", "agent_id", "channel", "issue", "n_stratum"], orient="row"
    )
    lots = pl.Series("lot", [lot(seed, name) for name in frame["contact_id"]])
    return frame.with_columns(lots, pl.lit(len(rows)).alias("n_pool")).sort("lot")


def ids(draw) -> list[str]:
    return [one.contact_id for one in draw.contacts]


def test_a_random_draw_is_the_smallest_lots_whatever_the_order_of_the_rows():
    contacts = pool()
    expected = sorted(contacts["contact_id"], key=lambda name: lot(7, name))[:9]
    assert ids(random_draw(contacts, 9)) == expected
    assert ids(random_draw(contacts.sample(fraction=1, shuffle=True, seed=3), 9)) == expected
    assert ids(random_draw(pool(seed=8), 9)) != expected


def test_contacts_that_leave_the_pool_change_nothing_about_the_rest():
    contacts = pool()
    first = ids(random_draw(contacts, 9))
    fewer = contacts.filter(pl.col("contact_id") != first[0])
    assert ids(random_draw(fewer, 8)) == first[1:]


def test_a_stratified_draw_gives_each_stratum_its_share_to_within_one():
    for seed in range(40):
        contacts = pool(seed)
        draw = stratified_draw(contacts, 13, seed=seed)
        assert len(set(ids(draw))) == 13
        count = Counter(name.rsplit("-", 1)[0] for name in ids(draw))
        for name, share in (("chat-wismo", 0.6), ("voice-refund", 0.3), ("email-other", 0.1)):
            assert abs(count[name] - 13 * share) < 1, (seed, count)


def test_a_stratum_too_small_for_a_place_of_its_own_gets_one_as_often_as_its_share():
    # lots do not matter for how many are drawn, so one pool serves all seeds
    contacts = pool(sizes={("chat", "wismo"): 195, ("sms", "promo"): 5})
    hits = sum(
        one.reason == "drawn from sms, promo"
        for seed in range(400)
        for one in stratified_draw(contacts, 4, seed=seed).contacts
    )
    assert hits / 400 == pytest.approx(4 * 5 / 200, abs=0.045)


def test_a_draw_from_too_few_takes_them_all_and_says_so():
    few = pool(sizes={("chat", "wismo"): 3})
    for draw in (random_draw(few, 5), stratified_draw(few, 5, seed=1)):
        assert len(draw.contacts) == 3
        assert draw.note == "Only 3 of the 5 asked for can be drawn."
    assert random_draw(few, 5).detail == "3 of 3 handled, closed contacts, each as likely as the next"
    empty = stratified_draw(few.clear(), 5, seed=1)
    assert empty.contacts == ()


SPREAD = pl.DataFrame(
    [
        # agent, criterion, n, mean, sum of squares: tone spreads more than greet
        ("A0", "greet", 16, 0.9, 0.15), ("A0", "tone", 16, 0.5, 2.4),
        ("A1", "greet", 4, 0.9, 0.03), ("A1", "tone", 4, 0.5, 0.48),
        ("A2", "greet", 9, 0.9, 0.08), ("A2", "tone", 9, 0.5, 1.28),
    ],
    schema=["agent_id", "criterion_id", "n", "mean", "sum_of_squares"], orient="row",
)  # fmt: skip


def test_the_widest_interval_is_of_who_has_no_score_then_of_fewest_scores_and_widest_criterion():
    cells = widths(SPREAD, ["A0", "A1", "A2", "A3"], ["greet", "tone"])
    assert cells.select("agent_id", "criterion_id").rows() == [
        ("A3", "tone"), ("A3", "greet"), ("A1", "tone"), ("A2", "tone"), ("A0", "tone"),
        ("A1", "greet"), ("A2", "greet"), ("A0", "greet"),
    ]  # fmt: skip
    tone = dict(cells.filter(criterion_id="tone").select("agent_id", "half_width").rows())
    deviation = ((2.4 + 0.48 + 1.28) / (15 + 3 + 8)) ** 0.5
    assert tone["A1"] == pytest.approx(1.959963984540054 * deviation / 2)
    assert tone["A3"] is None


def test_one_score_alone_has_no_width_and_nobody_divides_by_zero():
    once = pl.DataFrame(
        {"agent_id": ["A0"], "criterion_id": ["tone"], "n": [1], "mean": [0.5], "sum_of_squares": [0.0]}
    )
    cells = widths(once, ["A0", "A1"], ["tone"])
    assert cells.rows() == [("A1", "tone", 0, None, None), ("A0", "tone", 1, None, None)]


def test_an_aimed_draw_takes_every_agent_once_before_any_twice_and_contacts_that_fit_the_criterion():
    use = pl.DataFrame(
        [("tone", "chat", "wismo", 0.2), ("tone", "voice", "refund", 1.0), ("tone", "email", "other", 0.5)],
        schema=["criterion_id", "channel", "issue", "applies"], orient="row",
    )  # fmt: skip
    contacts = pool()
    cells = widths(SPREAD, ["A0", "A1", "A2", "A3"], ["greet", "tone"])
    draw = aimed_draw(contacts, 6, cells=cells, use=use, labels={"tone": "Tone"})
    agent = dict(contacts.select("contact_id", "agent_id").rows())
    assert [agent[name] for name in ids(draw)] == ["A3", "A1", "A2", "A0", "A3", "A1"]
    assert all(name.startswith("voice-refund") for name in ids(draw)[:4])
    mine = contacts.filter((pl.col("agent_id") == "A1") & (pl.col("channel") == "voice"))
    assert ids(draw)[1] == mine.sort("lot")["contact_id"][0]
    assert draw.contacts[0].reason == "aimed at “Tone”: its agent has no score on it yet"
    assert draw.contacts[1].reason == "aimed at “Tone”: its agent's score is known to ±39% of the scale"
    assert "the 4 agents" in draw.detail


def test_what_graders_read_of_a_draw_names_no_agent():
    cells = widths(SPREAD, ["A0", "A1", "A2", "A3"], ["greet", "tone"])
    use = pl.DataFrame(
        schema={"criterion_id": pl.String, "channel": pl.String, "issue": pl.String, "applies": pl.Float64}
    )
    draw = aimed_draw(pool(), 8, cells=cells, use=use, labels={})
    words = draw.detail + " ".join(one.reason for one in draw.contacts)
    assert not any(agent in words for agent in ("A0", "A1", "A2", "A3"))


def test_an_aimed_draw_asked_for_more_than_there_is_ends():
    few = pool(sizes={("chat", "wismo"): 3})
    cells = widths(SPREAD, ["A0", "A1", "A2", "A9"], ["tone"])
    draw = aimed_draw(few, 5, cells=cells, use=pl.DataFrame(schema=USE), labels={})
    assert sorted(ids(draw)) == sorted(few["contact_id"])
    assert draw.note.startswith("Only 3 of the 5")


USE = {"criterion_id": pl.String, "channel": pl.String, "issue": pl.String, "applies": pl.Float64}


def test_picked_contacts_are_marked_and_a_contact_is_in_a_session_once():
    draw = random_draw(pool(), 3)
    again = ids(draw)[0]
    mixed = with_picked(draw, ["mine", " mine ", "", again])
    assert [(one.contact_id, one.is_picked) for one in mixed.contacts] == [
        (ids(draw)[1], False), (ids(draw)[2], False), ("mine", True), (again, True),
    ]  # fmt: skip
    assert mixed.rule == "random" and mixed.detail.endswith("2 picked by hand, which stand for nothing but "
                                                            "themselves")  # fmt: skip
    assert with_picked(None, ["mine"]).rule == "picked"
    assert with_picked(draw, []) == draw
    with pytest.raises(UsageError, match="no contacts yet"):
        with_picked(None, [" "])
