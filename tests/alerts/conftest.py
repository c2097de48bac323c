"""A reader of invented weeks, and a workspace with rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.metrics import definition
from pipelines.settings import Workspace, read_workspace
from pipelines.stats.intervals import wilson

MONDAY = date(2025, 1, 6)


class Weeks:
    """Answers as the reader does, from one share a week and site, each of 400 contacts."""

    def __init__(self, shares: dict[str | None, list[float]], *, target: float | None = None) -> None:
        self.shares = shares
        self.target = target
        self.build = SimpleNamespace(
            build_id="b1", as_of=datetime(2026, 6, 30, tzinfo=UTC), workspace="Shop", path=Path("x")
        )

    def definition(self, key: str) -> Any:
        return definition(key)

    def period(self) -> tuple[date, date]:
        return MONDAY, MONDAY + timedelta(weeks=60)

    def programs(self) -> pl.DataFrame:
        return pl.DataFrame({"program_id": ["P1"]})

    def labels(self, dimension: str) -> dict[str, str]:
        return {"P1": "Shop voice"} if dimension == "program_id" else {}

    def targets(self, on: date) -> dict[tuple[str, str | None], float]:
        return {} if self.target is None else {("fcr", None): self.target}

    def metrics(self, request: Any) -> pl.DataFrame:
        request.definitions()
        rows = []
        for site, shares in self.shares.items():
            for place, share in enumerate(shares):
                hits = round(400 * share)
                lower, upper = wilson(hits, 400)
                rows.append(
                    {
                        "metric": "fcr",
                        "grain": request.grain,
                        "period_start": MONDAY + timedelta(weeks=place),
                        "site": site,
                        "value": hits / 400,
                        "lower": float(lower),
                        "upper": float(upper),
                        "numerator": float(hits),
                        "denominator": 400,
                        "pending": 0,
                        "status": "final",
                    }
                )
        frame = pl.DataFrame(rows)
        if request.by:
            return frame
        return frame.filter(pl.col("site").eq_missing(pl.lit(next(iter(self.shares)), dtype=pl.String))).drop(
            "site"
        )


def level(weeks: int = 40, share: float = 0.75, *, last: float | None = None) -> list[float]:
    """Weeks that wander as chance makes them around one share; the newest may be another one."""
    rng = np.random.default_rng(8)
    shares = list(rng.binomial(400, share, weeks) / 400)
    return shares if last is None else [*shares, last]


@pytest.fixture
def rules(tmp_path: Path) -> Callable[[str], Workspace]:
    """Writes a plumbline.toml and reads it."""

    def written(text: str) -> Workspace:
        (tmp_path / "plumbline.toml").write_text(text, "utf-8")
        (tmp_path / ".plumbline").mkdir(exist_ok=True)
        return read_workspace(tmp_path)

    return written
