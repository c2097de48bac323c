"""Every surface says the same number: the command, the reader, the report, and the handbook's SQL by hand."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from pipelines import wording
from pipelines.cli import main
from pipelines.insight import FIGURES
from pipelines.metrics import MetricDefinition, MetricRequest, catalogue
from pipelines.reader import Reader

openpyxl = pytest.importorskip(
    "openpyxl", reason="openpyxl reads workbooks back; 'make install-dev' brings it"
)

Row = dict[str, Any]
Key = tuple[str, str | None]
KEYS = [metric.key for metric in catalogue()]
EXACT = ("proportion", "mean", "percentile", "sum", "per_orders")
"""Kinds whose SQL by hand gives the same bits; of pairs and survival the order of additions differs."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for command in (["simulate", "--contacts", "2500", "--seed", "6"], ["init", "--yes"], ["load"]):
        assert main([*command, "--workspace", str(root)]) == 0
    return root


@pytest.fixture(scope="module")
def reader(shop: Path) -> Reader:
    return Reader.open(shop)


def command(shop: Path, *words: str, typed: str | None = None) -> bytes:
    """What a process of its own writes to standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *words, "--workspace", str(shop)],
        input=typed.encode() if typed else None,
        capture_output=True,
        check=False,
        timeout=300,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def keyed(rows: list[Row]) -> dict[Key, Row]:
    return {(row["metric"], row["program_id"]): row for row in rows}


@pytest.fixture(scope="module")
def printed(shop: Path) -> dict[Key, Row]:
    """The command's rows: by program, and of all together under None."""
    by_program = json.loads(command(shop, "metrics", *KEYS, "--by", "program_id", "--format", "json"))
    whole = json.loads(command(shop, "metrics", *KEYS, "--format", "json"))
    return keyed(by_program) | keyed([{**row, "program_id": None} for row in whole])


EVER = ("--from", "2000-01-01", "--to", "2099-12-31")
"""Days that hold everything: orders without a contact near them too."""


# ---- SQL by hand, as the handbook shows it


def by_hand(metric: MetricDefinition) -> str:
    """A SELECT of metric, program_id, numerator, denominator, pending and value on the documented SQL."""
    rows = f"({metric.sql})"
    if metric.once:
        rows = (
            f"(select * from {rows} qualify row_number() over "
            f"(partition by {', '.join(metric.once)} order by opened_at, contact_id) = 1)"
        )
    return SELECTS[metric.kind](metric, rows)


def summed(metric: MetricDefinition, rows: str, numerator: str, value: str) -> str:
    return (
        f"select '{metric.key}' as metric, program_id, cast({numerator} as double) as numerator, "
        "count(*) filter (where in_denominator) as denominator, "
        f"count(*) filter (where is_pending) as pending, cast({value} as double) as value "
        f"from {rows} group by grouping sets ((), (program_id))"
    )


def proportion(metric: MetricDefinition, rows: str) -> str:
    hits = "count(*) filter (where in_denominator and in_numerator)"
    return summed(metric, rows, hits, f"{hits} / nullif(count(*) filter (where in_denominator), 0)")


def mean(metric: MetricDefinition, rows: str) -> str:
    total = "cast(sum(cast(value as decimal(26, 12))) filter (where in_denominator) as double)"
    return summed(metric, rows, total, f"{total} / nullif(count(*) filter (where in_denominator), 0)")


def percentile(metric: MetricDefinition, rows: str) -> str:
    value = f"quantile_cont(value, {metric.percentile}) filter (where in_denominator)"
    return summed(metric, rows, "null", value)


def total(metric: MetricDefinition, rows: str) -> str:
    value = "sum(value) filter (where in_denominator)"
    return summed(metric, rows, value, value)


def per_orders(metric: MetricDefinition, rows: str) -> str:
    return (
        f"select '{metric.key}', program_id, sum(contact), sum(placed), 0, "
        "100 * (sum(contact) / sum(placed)) "
        f"from (select program_id, 1.0::double as contact, 0.0::double as placed from {rows} "
        "union all select program_id, 0, 1 from orders) group by grouping sets ((), (program_id))"
    )


def pairs(metric: MetricDefinition, rows: str) -> str:
    """Every pair of different agents, one by one."""
    stratum = "one.program_id, one.issue, one.value_band"
    return (
        f"select '{metric.key}', program_id, sum(n * p), sum(n), 0, sum(n * p) / sum(n) from ("
        f"select {stratum}, avg((one.resolution = other.resolution)::int) as p, any_value(sizes.n) as n "
        f"from {rows} as one inner join {rows} as other using (program_id, issue, value_band) "
        f"inner join (select program_id, issue, value_band, count(*) as n from {rows} "
        "group by all) as sizes using (program_id, issue, value_band) "
        f"where one.agent_id <> other.agent_id group by {stratum}) "
        "group by grouping sets ((), (program_id))"
    )


def survival(metric: MetricDefinition, rows: str) -> str:
    """Kaplan and Meier's product, time by time."""

    def of(program: str) -> str:
        return (
            f"select '{metric.key}', {program}, null, sum(leaving), sum(waiting), "
            f"{'1 - ' if metric.complement else ''}product(1 - failing / at_risk) from ("
            "select *, sum(leaving) over (partition by program_id order by observed_for desc) as at_risk "
            f"from (select {program} as program_id, observed_for, count(*) as leaving, "
            "count(*) filter (where is_failure) as failing, count(*) filter (where is_pending) as waiting "
            f"from {rows} group by all)) group by program_id"
        )

    return f"{of('null')} union all {of('program_id')}"


SELECTS: dict[str, Callable[[MetricDefinition, str], str]] = {
    "proportion": proportion,
    "mean": mean,
    "percentile": percentile,
    "sum": total,
    "per_orders": per_orders,
    "pairs": pairs,
    "survival": survival,
}


@pytest.fixture(scope="module")
def computed(shop: Path) -> dict[Key, Row]:
    """All metrics in one query, inside the fence."""
    query = "\nunion all\n".join(by_hand(metric) for metric in catalogue())
    return keyed(json.loads(command(shop, "sql", "-", "--format", "json", typed=query)))


# ---- the surfaces against each other


@pytest.mark.parametrize("key", KEYS)
def test_the_command_prints_what_the_reader_answers(
    reader: Reader, printed: dict[Key, Row], key: str
) -> None:
    whole = reader.metrics(MetricRequest(metrics=(key,))).to_dicts()
    split = reader.metrics(MetricRequest(metrics=(key,), by=("program_id",))).to_dicts()
    answered = keyed(split) | keyed([{**row, "program_id": None} for row in whole])
    assert {at for at in printed if at[0] == key} == set(answered)
    for at, row in answered.items():
        assert printed[at] == row, at


@pytest.mark.parametrize("metric", catalogue(), ids=lambda metric: metric.key)
def test_the_handbooks_sql_gives_the_same_digits(
    printed: dict[Key, Row], computed: dict[Key, Row], metric: MetricDefinition
) -> None:
    checked = 0
    for at, row in printed.items():
        if at[0] != metric.key:
            continue
        ours = computed[at]
        assert (ours["denominator"], ours["pending"]) == (row["denominator"], row["pending"]), at
        for name in ("value", "numerator"):
            expected = row[name]
            if metric.kind not in EXACT and expected is not None:
                expected = pytest.approx(expected, rel=1e-9)
            assert ours[name] == expected, (at, name)
        checked += row["value"] is not None
    assert checked, "no row of this metric has a value, so nothing was compared"
    others = {at for at in computed if at[0] == metric.key} - set(printed)
    assert all(not computed[at]["denominator"] and not computed[at]["pending"] for at in others)


def test_the_workbook_holds_the_commands_numbers(shop: Path, printed: dict[Key, Row]) -> None:
    content = command(shop, "report", *EVER, "--format", "xlsx", "--output", "-")
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    whole, split = sheet(book["Summary"]), sheet(book["Programs"])
    assert [row["metric"] for row in whole] == list(FIGURES)
    figures = keyed([{**row, "program_id": None} for row in whole]) | keyed(split)
    assert {at for at in printed if at[0] in FIGURES} == set(figures)
    every = sheet(book["Every metric"])
    assert [row["metric"] for row in every] == KEYS
    compare(figures, printed)
    compare(keyed([{**row, "program_id": None} for row in every]), printed)


def compare(rows: dict[Key, Row], printed: dict[Key, Row]) -> None:
    for at, row in rows.items():
        for name in ("value", "lower", "upper", "numerator", "denominator", "pending"):
            # a workbook holds sixteen digits
            expected = printed[at][name]
            assert row[name] == (None if expected is None else pytest.approx(expected, rel=1e-15, abs=0)), (
                at,
                name,
            )
        assert row["status"] == printed[at]["status"], at


def sheet(page: Any) -> list[Row]:
    names, *rows = page.iter_rows(values_only=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_the_report_shows_the_commands_numbers(shop: Path, reader: Reader, printed: dict[Key, Row]) -> None:
    html = command(shop, "report", *EVER, "--format", "html", "--output", "-").decode()
    assert re.findall(r'data-metric-row="(\w+)"', html) == KEYS
    (currency,) = set(reader.programs()["currency"].to_list())
    places = [(key, f'data-metric="{key}"', "</article>") for key in FIGURES]
    places += [(key, f'data-metric-row="{key}"', "</tr>") for key in KEYS]
    for key, begin, end in places:
        what, row = reader.definition(key), printed[(key, None)]
        card = html.split(begin)[1].split(end)[0]
        said = unescape(re.sub(r"<[^>]+>", " ", card))
        assert wording.value(what.unit, row["value"], currency=currency) in said, key
        assert f"n {wording.count(row['denominator'])}" in said, key
        if row["lower"] is not None:
            assert wording.interval(what.unit, row["lower"], row["upper"]) in said, key
        assert row["status"] in said, key
