"""Comparisons fair to the contact mix: a published table, a second computation, worlds of known truth."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.partners import SMALLEST, fair
from pipelines.stats.standardise import directly_standardised

ORACLES = Path(__file__).parents[1] / "oracles"
ISSUES, CHANNELS = ("wismo", "refund", "return", "account"), ("voice", "chat", "email")


def test_headship_rates_on_the_average_age_mix_differ_as_printed() -> None:
    """Das Gupta (1993), Example 5.1: the rate effect is the difference standardised to the average mix."""
    case = tomllib.loads((ORACLES / "decomposition.toml").read_text("utf-8"))["household_heads"]
    size, rate = ([case[f"{name}_{year}"] for year in (1970, 1985)] for name in ("size", "rate"))
    average = np.mean(size, axis=0)
    value, error = directly_standardised(rate, np.ones((2, 13)), np.full((2, 13), 100), average)
    assert value[1] - value[0] == pytest.approx(case["rate"], abs=6e-5)
    assert error[0] == pytest.approx(np.sqrt((average**2).sum()) / average.sum() / 10)


@pytest.mark.parametrize(
    ("n", "standard"), [([[3, 0]], [1, 1]), ([[3, 3]], [0, 0])], ids=["empty stratum", "no weight"]
)
def test_a_mix_that_a_group_lacks_is_refused(n: list, standard: list) -> None:
    with pytest.raises(ValueError, match="needs a unit"):
        directly_standardised([[0.5, 0.5]], [[0.1, 0.1]], n, standard)


def world(rng: np.random.Generator, lifts: tuple[float, ...], sizes: tuple[int, ...]) -> pl.DataFrame:
    """Contacts of sites whose mixes differ much, and whose rates differ by `lifts` alone."""
    rate = rng.uniform(0.15, 0.85, (len(ISSUES), len(CHANNELS)))
    frames = []
    for place, (lift, size) in enumerate(zip(lifts, sizes, strict=True)):
        weight = rng.dirichlet(np.full(rate.size, 1.5))
        cell = rng.choice(rate.size, size, p=weight)
        hit = rng.random(size) < rate.ravel()[cell] + lift
        frames.append(
            pl.DataFrame(
                {
                    "site": f"S{place}",
                    "issue": [ISSUES[number // len(CHANNELS)] for number in cell],
                    "channel": [CHANNELS[number % len(CHANNELS)] for number in cell],
                    "hit": hit.astype(float),
                }
            )
        )
    return pl.concat(frames)


def summed(contacts: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("hit")
    return contacts.group_by("site", "issue", "channel").agg(
        pl.len().alias("n"), value.sum().alias("total"), (value * value).sum().alias("squares")
    )


def worlds(number: int, lifts: tuple[float, ...], sizes: tuple[int, ...]) -> Iterator[pl.DataFrame]:
    rng = np.random.default_rng(20)
    for _ in range(number):
        yield summed(world(rng, lifts, sizes))


@pytest.mark.parametrize("kind", ["proportion", "mean"])
def test_sites_that_differ_by_mix_alone_are_told_apart_in_one_of_twenty(kind: str) -> None:
    covered = raw_covered = judged = 0
    for cells in worlds(400, (0.0, 0.0), (900, 500)):
        found = fair(cells, "site", kind)
        row = found.groups.row(0, named=True)
        if row["difference"] is None:
            continue
        judged += 1
        covered += row["difference_lower"] <= 0 <= row["difference_upper"]
        other = found.groups.row(1, named=True)
        raw_covered += row["raw_lower"] <= other["raw_upper"] and other["raw_lower"] <= row["raw_upper"]
    assert judged > 300
    assert 0.92 <= covered / judged <= 0.98
    assert raw_covered / judged < 0.8  # the raw values would have been told apart far too often


def test_a_true_difference_between_sites_is_found_at_its_size() -> None:
    found = [
        fair(cells, "site", "proportion").groups.row(0, named=True)
        for cells in worlds(150, (0.08, 0.0, 0.0), (900, 900, 900))
    ]
    judged = [row for row in found if row["difference"] is not None]
    assert len(judged) > 100
    assert np.mean([row["difference"] for row in judged]) == pytest.approx(0.08, abs=0.012)
    held = np.mean([row["difference_lower"] <= 0.08 <= row["difference_upper"] for row in judged])
    assert 0.9 <= held <= 0.99


def test_the_value_is_what_loops_over_contacts_give() -> None:
    contacts = world(np.random.default_rng(4), (0.0, 0.05, -0.05), (700, 600, 500))
    found = fair(summed(contacts), "site", "proportion")
    rows = contacts.rows(named=True)
    sites = sorted({row["site"] for row in rows})
    kinds = {(row["issue"], row["channel"]) for row in rows}
    if found.strata == ("issue",):
        kinds = {(issue, None) for issue, _ in kinds}

    def of(kind: tuple, site: str | None = None, without: str | None = None) -> list[float]:
        return [
            row["hit"]
            for row in rows
            if row["issue"] == kind[0]
            and kind[1] in (None, row["channel"])
            and site in (None, row["site"])
            and row["site"] != without
        ]

    shared = [kind for kind in kinds if all(of(kind, site) for site in sites)]
    whole = sum(len(of(kind)) for kind in shared)
    for row in found.groups.rows(named=True):
        value = sum(np.mean(of(kind, row["group"])) * len(of(kind)) / whole for kind in shared)
        rest = sum(np.mean(of(kind, None, row["group"])) * len(of(kind)) / whole for kind in shared)
        assert row["standardised"] == pytest.approx(value)
        assert row["others"] == pytest.approx(rest)
        assert row["difference"] == pytest.approx(value - rest)
        assert row["lower"] < value < row["upper"]
        hits = [each["hit"] for each in rows if each["site"] == row["group"]]
        assert (row["n"], row["raw"]) == (len(hits), pytest.approx(np.mean(hits)))
    covered = min(
        sum(len(of(kind, site)) for kind in shared) / sum(row["site"] == site for row in rows)
        for site in sites
    )
    assert found.covered == pytest.approx(covered)


def test_groups_alike_in_mix_keep_their_raw_values() -> None:
    cells = pl.DataFrame(
        {
            "site": ["A"] * 2 + ["B"] * 2,
            "issue": ["x", "y"] * 2,
            "channel": ["chat"] * 4,
            "n": [100, 300, 50, 150],
            "total": [60.0, 240.0, 20.0, 90.0],
            "squares": [60.0, 240.0, 20.0, 90.0],
        }
    )
    found = fair(cells, "site", "proportion").groups
    assert found["standardised"].to_list() == pytest.approx(found["raw"].to_list())


def test_where_the_mixes_share_too_little_nothing_is_compared() -> None:
    cells = pl.DataFrame(
        {
            "site": ["A", "A", "B", "B"],
            "issue": ["x", "y", "y", "z"],
            "channel": ["chat"] * 4,
            "n": [90, 10, 10, 90],
            "total": [50.0] * 2 + [5.0, 50.0],
            "squares": [50.0] * 2 + [5.0, 50.0],
        }
    ).with_columns(pl.min_horizontal("total", "n").alias("total"))
    found = fair(cells, "site", "proportion")
    assert "too few contacts of the same kind" in found.note
    assert found.groups["difference"].null_count() == 2
    assert found.groups["raw"].null_count() == 0


def test_the_mix_is_held_as_finely_as_the_groups_share_it() -> None:
    cells = pl.DataFrame(
        {
            "site": ["A", "B"],
            "issue": ["x", "x"],
            "channel": ["chat", "voice"],
            "n": [100, 100],
            "total": [50.0, 40.0],
            "squares": [50.0, 40.0],
        }
    )
    assert fair(cells, "site", "proportion").strata == ("issue",)


def test_small_and_nameless_groups_take_no_part() -> None:
    cells = pl.DataFrame(
        {
            "site": ["A", "B", "C", None],
            "issue": ["x"] * 4,
            "channel": ["chat"] * 4,
            "n": [100, 100, SMALLEST - 1, 500],
            "total": [50.0, 40.0, 29.0, 0.0],
            "squares": [50.0, 40.0, 29.0, 0.0],
        }
    )
    found = fair(cells, "site", "proportion").groups
    assert found["group"].to_list() == ["A", "B", "C"]
    assert found["difference"].is_null().to_list() == [False, False, True]
    assert found["difference"].to_list()[:2] == pytest.approx([0.1, -0.1])
    alone = fair(cells.head(1), "site", "proportion")
    assert "Fewer than two groups" in alone.note
