"""What was said of weeks that were open is held against what they became, load by load."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pipelines.cli import main
from pipelines.reader import Reader
from tests.benchmarks.replay import mondays, replayed


def test_a_provisional_rate_is_not_biased_where_the_naive_one_is(tmp_path: Path) -> None:
    for command in (["simulate", "--contacts", "12000", "--seed", "11"], ["init", "--yes"], ["load"]):
        assert main([*command, "--workspace", str(tmp_path)]) == 0
    first, last = Reader.open(tmp_path).period()
    moments = mondays(first + timedelta(weeks=4), last - timedelta(weeks=3), every=5)
    found = replayed(tmp_path, moments)
    assert found.weeks >= len(moments) >= 8
    bias, error = found.provisional
    assert abs(bias) < 2 * error
    naive, naive_error = found.naive
    assert naive > 2 * naive_error
    assert abs(bias) < naive / 2
