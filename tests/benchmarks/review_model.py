"""What calibrating half a million reviews costs, asked of the reader in a process of its own.

`python -m tests.benchmarks.review_model DIR` builds a warehouse in DIR that holds reviews only (500,000 by
60 graders of 400 agents, over a year, one in twenty on a contact that two graders saw), asks it what the
Agents and Graders pages ask, and writes what that cost to DIR/cost.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.reader import Reader
from pipelines.warehouse.publish import Published, publish

REVIEWS, AGENTS, GRADERS = 500_000, 400, 60
START = datetime(2025, 7, 1)
_WRITTEN = "cost.json"


def invented_reviews(reviews: int = REVIEWS, agents: int = AGENTS, graders: int = GRADERS) -> pl.DataFrame:
    """Reviews as the warehouse keeps them, from one seed."""
    # Here, since numpy before `pipelines` would count cores for linear algebra before it is told to use one.
    import numpy as np

    random = np.random.default_rng(20)
    agent, grader = random.integers(0, agents, reviews), random.integers(0, graders, reviews)
    contact = np.arange(reviews)
    # Every twentieth review scores the contact of the one before it.
    again = np.arange(19, reviews, 20)
    contact[again], agent[again] = contact[again - 1], agent[again - 1]
    channel, issue = random.integers(0, 6, reviews)[contact], random.integers(0, 12, reviews)[contact]
    seconds = np.sort(random.integers(0, 365 * 86_400, reviews))
    score = (
        72
        + random.normal(0, 5, agents)[agent]
        + random.normal(0, 4, graders)[grader]
        + random.normal(0, 2, 6)[channel]
        + random.normal(0, 3, 12)[issue]
        + random.normal(0, 4, reviews)[contact]
        + random.normal(0, 11, reviews)
    )
    names = {"review_id": np.arange(reviews), "contact_id": contact, "agent_id": agent, "grader_id": grader}
    codes = {"channel": channel, "issue": issue, "program_id": agent % 4}
    return (
        pl.DataFrame({**names, **codes, "seconds": seconds, "raw_score": np.clip(score, 0, 100)})
        .with_columns(pl.format("{}-{}", pl.lit(name), pl.col(name)).alias(name) for name in names | codes)
        .with_columns(
            purpose=pl.when(pl.int_range(pl.len()) % 20 == 19)
            .then(pl.lit("calibration"))
            .otherwise(pl.lit("routine")),
            reviewed_at=pl.lit(START) + pl.duration(seconds=pl.col("seconds")),
        )
        .with_columns(reviewed_date=pl.col("reviewed_at").dt.date())
        .drop("seconds")
    )


def build(folder: Path, reviews: pl.DataFrame) -> None:
    """A workspace whose published warehouse holds these reviews, their agents and programs."""
    (folder / "plumbline.toml").write_text('[workspace]\nname = "Half a million reviews"\n', "utf-8")
    warehouse = folder / ".plumbline" / "warehouse"
    warehouse.mkdir(parents=True, exist_ok=True)
    path, rows = warehouse / ".build-bench.duckdb", folder / "reviews.parquet"
    path.unlink(missing_ok=True)
    reviews.write_parquet(rows)
    with duckdb.connect(str(path)) as con:
        con.execute("create table qa_reviews as from read_parquet($rows)", {"rows": str(rows)})
        con.execute(
            "create table programs as select distinct program_id, null as operating_model from qa_reviews"
        )
        con.execute(
            "create table agents as select distinct agent_id, null as site, null as team, null as region "
            "from qa_reviews"
        )
    rows.unlink()
    now = datetime.now(UTC)
    publish(path, Published("bench", now, now, "bench", warehouse / "warehouse-bench.duckdb"), keep=1)


def ask(folder: Path) -> dict[str, float]:
    """Processor and wall seconds of each question in turn; the fit is there once `rows and fit` is."""
    reader = Reader.open(folder)
    questions: dict[str, Callable[[], object]] = {
        # Modules are imported by a small fit first, as in a dashboard that has been up for a minute.
        "first small fit": lambda: reader.review_model(START.date(), START.date()),
        "rows": reader.quality_reviews,
        "rows and fit": reader.review_model,
        "agents": lambda: reader.calibrated_agents("qa_score"),
        "graders": reader.grader_severity,
    }
    found = {}
    for name, question in questions.items():
        wall, used = time.perf_counter(), time.process_time()
        if question() is None:
            raise RuntimeError(f"{name}: no answer; nothing was measured.")
        found[f"{name}: processor"] = time.process_time() - used
        found[f"{name}: wall"] = time.perf_counter() - wall
    return found


def read_cost(folder: Path) -> dict[str, float]:
    """What a run in this folder has written."""
    return json.loads((folder / _WRITTEN).read_text("utf-8"))


def main() -> int:
    """Build, or ask what was built."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.review_model", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--reviews", type=int, default=REVIEWS, metavar="N", help=f"default: {REVIEWS}")
    parser.add_argument("--ask", action="store_true", help="ask only, of what was built before")
    args = parser.parse_args()
    if args.ask:
        (args.folder / _WRITTEN).write_text(json.dumps(ask(args.folder), indent=1) + "\n", "utf-8")
    else:
        build(args.folder, invented_reviews(args.reviews))
    return 0


if __name__ == "__main__":
    sys.exit(main())
