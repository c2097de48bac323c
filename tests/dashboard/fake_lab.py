"""What the reader in memory answers to the laboratory of definitions: invented gaps between contacts."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from pipelines.metrics.fcr_definitions import DAY, windows
from pipelines.metrics.fcr_lab import FcrLab

MATCHES = ("issue", "issue_not_other", "order", "any")


class FakeLaboratory:
    """Answers from `rows`: how many contacts there are; their gaps are invented."""

    rows: pl.DataFrame

    def _counted(self, metric: str, start: date | None, end: date | None, filters: Any) -> pl.DataFrame:
        raise NotImplementedError

    def fcr_lab(self, start: date | None = None, end: date | None = None, filters: Any = ()) -> FcrLab:
        """Counts as of the laboratory."""
        kept = self._counted("program_id", start, end, filters)
        rng = np.random.default_rng(3)
        n = kept.height
        offered = windows(7 * DAY)
        gaps = {}
        for side in ("back", "next_inbound", "next_handled", "next_all"):
            issue, other, order = (rng.integers(0, len(offered) + 9, n) for _ in range(3))
            gaps |= {
                f"{side}_issue": issue,
                f"{side}_issue_not_other": np.maximum(issue, other),
                f"{side}_order": order,
                f"{side}_any": np.minimum(issue, order),
            }
        counts = pl.DataFrame(
            {
                **gaps,
                "n_closed": rng.integers(len(offered) - 2, len(offered) + 1, n),
                "is_reopened": rng.random(n) < 0.05,
                "is_transferred": rng.random(n) < 0.1,
                "n": np.ones(n, dtype=np.int64),
                "examples": [
                    [{"opened_at": day, "contact_id": f"C{at}"}] for at, day in enumerate(kept["day"])
                ],
            },
            schema_overrides={
                "examples": pl.List(pl.Struct({"opened_at": pl.Date, "contact_id": pl.String}))
            },
        )  # fmt: skip
        return FcrLab(7 * DAY, offered, counts)
