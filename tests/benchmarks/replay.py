"""`python -m tests.benchmarks.replay`: provisional first-contact resolution, replayed through a year.

The workspace is loaded as it stood on one Monday after the other. What was then said of weeks whose windows
were open is held against what those weeks became: by the provisional estimate, and by the naive share of
first contacts that nothing has happened to so far.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from pipelines.reader import MetricRequest, Reader
from pipelines.settings import read_workspace
from pipelines.warehouse import load
from tests.benchmarks.measure import cost_of, plumbline

LEAST = 30
"""First contacts of a week below which nothing is compared."""

_NAIVE = """
    select cast(date_trunc('week', opened_date) as date) as period_start,
        avg(cast(repeat_contact_id is null and reopens = 0 and coalesce(resolution <> 'unresolved', true)
            as double)) as naive
    from contacts
    where is_first_contact
    group by 1
"""


@dataclass(frozen=True)
class Replay:
    """Errors in points, what was said less what it became, over weeks that were open when it was said.

    Attributes:
        weeks: Weeks compared, each once for every moment at which it was open.
        provisional: Mean error of fcr_provisional, and its standard error.
        naive: Mean error of the share of first contacts that had not failed by then.
    """

    weeks: int
    provisional: tuple[float, float]
    naive: tuple[float, float]


def replayed(root: Path, moments: Sequence[datetime]) -> Replay:
    """The study over a workspace whose files reach two weeks beyond the last moment."""
    workspace = read_workspace(root)
    load(workspace)
    became = _weeks(Reader.open(root), "fcr").filter(pl.col("status") == "final")
    errors = []
    for moment in moments:
        load(workspace, as_of=moment)
        reader = Reader.open(root)
        said = _weeks(reader, "fcr_provisional").filter(
            (pl.col("pending") > 0) & (pl.col("denominator") >= LEAST)
        )
        naive = reader._frame(_NAIVE)
        # of the week that still runs only a part is known: what it becomes is of other contacts too
        closed = said.filter(pl.col("period_start") + timedelta(days=6) < moment.date())
        errors.append(
            closed.join(naive, on="period_start")
            .join(became.select("period_start", pl.col("value").alias("became")), on="period_start")
            .select(
                (100 * (pl.col("value") - pl.col("became"))).alias("provisional"),
                (100 * (pl.col("naive") - pl.col("became"))).alias("naive"),
            )
        )
    found = pl.concat(errors)
    return Replay(found.height, _mean(found["provisional"]), _mean(found["naive"]))


def _weeks(reader: Reader, metric: str) -> pl.DataFrame:
    return reader.metrics(MetricRequest(metrics=(metric,), grain="week"))


def _mean(errors: pl.Series) -> tuple[float, float]:
    values = errors.to_numpy()
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def mondays(first: date, last: date, *, every: int = 1) -> list[datetime]:
    """Noon of Mondays between two days: the week before is over in every zone; every so-manieth of them."""
    start = first + timedelta(days=-first.weekday() % 7)
    weeks = range(0, (last - start).days // 7 + 1, every)
    return [datetime.combine(start + timedelta(weeks=week), time(12), tzinfo=UTC) for week in weeks]


def main() -> int:
    """Simulate a retailer, replay its year and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("--contacts", type=int, default=50_000, metavar="N")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="load every so-manieth week only")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-replay-") as temporary:
        root = Path(temporary)
        words = ["--workspace", str(root)]
        cost_of(plumbline("simulate", *words, "--contacts", str(args.contacts), "--seed", str(args.seed)))
        cost_of(plumbline("init", "--yes", *words))
        load(read_workspace(root))
        first, last = Reader.open(root).period()
        moments = mondays(first + timedelta(weeks=4), last - timedelta(weeks=3), every=args.every)
        found = replayed(root, moments)
    print(f"{found.weeks} open weeks over {len(moments)} loads, {args.contacts:,} contacts")
    for name, (mean, error), goal in (
        ("fcr_provisional", found.provisional, "goal: within 0.3 points"),
        ("not failed so far", found.naive, ""),
    ):
        print(f"{name:20} {mean:+.2f} ± {error:.2f} points {goal}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
