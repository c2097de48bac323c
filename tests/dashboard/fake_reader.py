"""A reader in memory: a small invented retailer, answering as `pipelines.reader.Reader` does.

Numbers are summed from one seeded table of contacts, so that filters, splits and periods agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from pipelines.metrics import MetricDefinition, definition
from pipelines.metrics.estimates import estimates
from pipelines.stats.intervals import Z95, wilson
from tests.dashboard.fake_explain import FakeExplanations
from tests.dashboard.fake_lab import FakeLaboratory
from tests.dashboard.fake_partners import FakePartners
from tests.dashboard.fake_quality import FakeQuality

CONTACT_DIMENSIONS = (
    "program_id",
    "operating_model",
    "site",
    "region",
    "team",
    "agent_id",
    "channel",
    "issue",
)
FIRST, LAST = date(2025, 7, 7), date(2026, 7, 3)
ISSUES = ("wismo", "refund", "return", "damaged", "promo", "account")
CHANNELS = ("voice", "chat", "email")
SITES = {"P1": ("Leeds",), "P2": ("Manila", "Bogotá", "Tampa")}


KEYS = (
    "fcr",
    "csat",
    "refund_avoidance",
    "net_value_retained",
    "escalation_rate",
    "repeat_purchase_rate",
    "qa_score",
    "contacts_per_100_orders",
    "first_response_minutes_median",
    "informed_within_2h",
)
DEFINITIONS = tuple(definition(key) for key in KEYS)


def contacts(rows: int = 24_000, seed: int = 11) -> pl.DataFrame:
    """The invented contacts, with one column a metric for its numerator and its denominator."""
    rng = np.random.default_rng(seed)
    days = (LAST - FIRST).days + 1
    program = rng.choice(["P1", "P2"], rows, p=[0.45, 0.55])
    agent = np.where(program == "P1", rng.integers(0, 14, rows), rng.integers(14, 44, rows))
    skill = rng.normal(0, 0.045, 44)
    site = np.array(
        ["Leeds" if p == "P1" else SITES["P2"][a % 3] for p, a in zip(program, agent, strict=True)]
    )
    day = rng.integers(0, days, rows)
    channel, issue = rng.choice(CHANNELS, rows, p=[0.5, 0.3, 0.2]), rng.choice(ISSUES, rows)
    lift = skill[agent] + 0.03 * (day / days) - 0.05 * (site == "Bogotá")
    lift = lift - 0.09 * ((issue == "return") & (channel == "chat"))
    asks = np.isin(issue, ["refund", "return"])
    unit = rng.random((8, rows))
    return pl.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(number)) for number in day],
            "program_id": program,
            "operating_model": np.where(program == "P1", "in_house", "outsourced"),
            "site": site,
            "region": site,
            "team": np.where(agent % 2 == 0, "Blue", "Green"),
            "agent_id": [f"A{number:02d}" for number in agent],
            "channel": channel,
            "issue": issue,
            "fcr": unit[0] < 0.72 + lift,
            "csat": unit[2] < 0.78 + lift,
            "refund_avoidance": unit[3] < 0.55 + lift,
            "escalation_rate": unit[4] < 0.09 - lift / 2,
            "repeat_purchase_rate": unit[5] < 0.31,
            "qa_score": 84 + 40 * lift + rng.normal(0, 6, rows),
            "is_rated": unit[1] < 0.3,
            "asks": asks,
            "is_reviewed": unit[6] < 0.1,
            "minutes": rng.gamma(2.0, 4.0, rows),
            "amount": np.round(rng.gamma(2.0, 45.0, rows), 2),
        }
    ).with_columns(
        pl.when(counted).then(pl.col(name)).alias(name)
        for name, counted in (("csat", "is_rated"), ("refund_avoidance", "asks"), ("qa_score", "is_reviewed"))
    )


@dataclass(eq=False)
class FakeReader(FakeExplanations, FakeLaboratory, FakeQuality, FakePartners):
    """Answers as the reader does, from `contacts`.

    Attributes:
        rows: The contacts.
        broken: When true, every question raises StateError, as when the warehouse is gone.
    """

    rows: pl.DataFrame = field(default_factory=contacts)
    broken: bool = False
    target_values: dict[tuple[str, str | None], float] = field(
        default_factory=lambda: {("fcr", None): 0.73, ("csat", None): 0.78, ("qa_score", None): 85.0}
    )

    def __post_init__(self) -> None:
        super().__init__()
        self.catalogue = DEFINITIONS
        self.estimates = estimates()
        self.build = SimpleNamespace(
            build_id="8f31c2d0",
            as_of=datetime(2026, 7, 3, 20, 0, tzinfo=UTC),
            published_at=datetime(2026, 7, 4, 6, 10, tzinfo=UTC),
            workspace="Bluecart",
            path=Path("warehouse-8f31c2d0.duckdb"),
        )

    def _build_id(self) -> str:
        return self.build.build_id

    def refresh(self) -> bool:
        """Nothing newer is ever published."""
        return False

    def definition(self, key: str) -> MetricDefinition:
        """One metric of the catalogue."""
        return next(item for item in DEFINITIONS if item.key == key)

    def period(self) -> tuple[date, date]:
        """First and last day."""
        return FIRST, LAST

    def dimension_values(self, dimension: str) -> list[str | None]:
        """Values of a dimension, sorted."""
        return sorted(self.rows[dimension].unique().to_list())

    def labels(self, dimension: str) -> dict[str, str]:
        """Names to show."""
        if dimension == "program_id":
            return {"P1": "Bluecart Home", "P2": "Bluecart Partner"}
        return {f"A{number:02d}": f"Agent {number:02d}" for number in range(44)}

    def programs(self) -> pl.DataFrame:
        """The two programs."""
        return pl.DataFrame(
            {
                "program_id": ["P1", "P2"],
                "program_name": ["Bluecart Home", "Bluecart Partner"],
                "client_name": ["Bluecart", "Bluecart"],
                "operating_model": ["in_house", "outsourced"],
                "partner": [None, "Contact Partner"],
                "timezone": ["Europe/London", "America/New_York"],
                "currency": ["USD", "USD"],
            }
        )

    def targets(self, on: date) -> dict[tuple[str, str | None], float]:
        """Targets that hold on a day."""
        return dict(self.target_values)

    def all_targets(self) -> pl.DataFrame:
        """The same with the day from which they hold."""
        rows = [(*key, FIRST, target) for key, target in self.target_values.items()]
        schema = {"metric": pl.String, "program_id": pl.String, "valid_from": pl.Date, "target": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def events(self, start: date, end: date) -> pl.DataFrame:
        """One sale."""
        return pl.DataFrame(
            {
                "event_id": ["E1"],
                "program_id": ["P1"],
                "kind": ["sale"],
                "label": ["Spring sale"],
                "started_at": [datetime(2026, 5, 4, 8)],
                "ended_at": [datetime(2026, 5, 4, 14)],
            }
        )

    def metrics(self, request: Any) -> pl.DataFrame:
        """Rows of the metrics asked for."""
        if self.broken:
            from pipelines.errors import StateError

            raise StateError("the warehouse file is gone; run 'plumbline load' to build it again.")
        rows = self.rows
        for name, values in (request.filters or {}).items():
            rows = rows.filter(pl.col(name).is_in(list(values), nulls_equal=True))
        if request.start:
            rows = rows.filter(pl.col("day") >= request.start)
        if request.end:
            rows = rows.filter(pl.col("day") <= request.end)
        steps = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q"}
        period = (
            pl.lit(None, dtype=pl.Date)
            if request.grain == "all"
            else pl.col("day").dt.truncate(steps[request.grain])
        )
        rows = rows.with_columns(period.alias("period_start"))
        frames = [
            self._one(self.definition(key), rows, tuple(request.by), request.grain) for key in request.metrics
        ]
        return pl.concat(frames, how="vertical_relaxed")

    def _one(
        self, what: MetricDefinition, rows: pl.DataFrame, by: tuple[str, ...], grain: str
    ) -> pl.DataFrame:
        groups = ["period_start", *by]
        if what.kind == "mean":
            valid = rows.drop_nulls(what.key)
            sums = valid.group_by(groups).agg(
                pl.col(what.key).sum().alias("numerator"),
                pl.len().cast(pl.Float64).alias("denominator"),
                pl.col(what.key).mean().alias("value"),
                pl.col(what.key).std().alias("s"),
            )
            arm = Z95 * pl.col("s") / pl.col("denominator").sqrt()
            sums = sums.with_columns(
                (pl.col("value") - arm).alias("lower"), (pl.col("value") + arm).alias("upper")
            )
        elif what.kind == "proportion":
            column = what.key if what.key in rows.columns else "refund_avoidance"
            valid = rows.drop_nulls(column)
            sums = valid.group_by(groups).agg(
                pl.col(column).sum().cast(pl.Float64).alias("numerator"),
                pl.len().cast(pl.Float64).alias("denominator"),
            )
            lower, upper = wilson(sums["numerator"].to_numpy(), sums["denominator"].to_numpy())
            sums = sums.with_columns(
                (pl.col("numerator") / pl.col("denominator")).alias("value"),
                pl.Series("lower", lower),
                pl.Series("upper", upper),
            )
        else:
            measure = {
                "sum": pl.col("amount").sum(),
                "per_orders": 100 * pl.len() / (pl.len() * 2.4),
                "percentile": pl.col("minutes").median(),
            }[what.kind]
            sums = rows.group_by(groups).agg(
                measure.cast(pl.Float64).alias("value"), pl.len().cast(pl.Float64).alias("denominator")
            )
            sums = sums.with_columns(
                pl.lit(None, dtype=pl.Float64).alias(name) for name in ("numerator", "lower", "upper")
            )
        late = LAST - timedelta(days=7 if what.key == "fcr" else 30)
        is_late = pl.col("period_start").is_null() | (pl.col("period_start") >= late)
        return sums.sort(groups, nulls_last=True).select(
            pl.lit(what.key).alias("metric"),
            pl.lit(grain).alias("grain"),
            *groups,
            "value",
            "lower",
            "upper",
            "numerator",
            "denominator",
            pl.when(is_late & (what.window != "none")).then(37).otherwise(0).alias("pending"),
            pl.when(is_late).then(pl.lit("provisional")).otherwise(pl.lit("final")).alias("status"),
        )

    def agents(self) -> pl.DataFrame:
        """The agents with their place."""
        return (
            self.rows.select("agent_id", "program_id", "site", "team", "region")
            .unique("agent_id")
            .sort("agent_id")
        )

    def load_runs(self) -> pl.DataFrame:
        """One load."""
        return pl.DataFrame(
            {
                "build_id": ["8f31c2d0"],
                "as_of": [datetime(2026, 7, 3, 20)],
                "started": [datetime(2026, 7, 4, 6, 9)],
                "finished": [datetime(2026, 7, 4, 6, 10)],
                "seconds": [60.0],
                "n_files": [3],
                "rows_read": [35_410],
                "rows_loaded": [35_398],
                "rows_updated": [12],
                "rows_known": [0],
                "rows_rejected": [12],
            }
        )

    def load_files(self, build_id: str | None = None) -> pl.DataFrame:
        """Three files."""
        return pl.DataFrame(
            {
                "build_id": ["8f31c2d0"] * 3,
                "file": ["contacts.csv", "orders.csv", "qa_ratings.csv"],
                "table_name": ["contacts", "orders", "qa_ratings"],
                "source": ["canonical"] * 3,
                "rows_read": [24_010, 9_000, 2_400],
                "rows_loaded": [24_000, 9_000, 2_398],
                "rows_updated": [0, 12, 0],
                "rows_known": [0, 0, 0],
                "rows_rejected": [10, 0, 2],
                "rows_waiting": [0, 0, 2],
                "landed_at": [datetime(2026, 7, 4, 6, 9)] * 3,
            }
        )

    def rejected_rows(self, limit: int = 1000, file: str | None = None) -> pl.DataFrame:
        """The rejects."""
        return pl.DataFrame(
            {
                "file": ["contacts.csv"] * 10 + ["qa_ratings.csv"] * 2,
                "table_name": ["contacts"] * 10 + ["qa_ratings"] * 2,
                "line": [*range(2, 12), 3, 9],
                "column_name": ["opened_at"] * 10 + ["score"] * 2,
                "value": ["31/31/2026"] * 10 + ["9"] * 2,
                "reason": ["not a timestamp"] * 10 + ["outside the criterion's 0 to 5"] * 2,
            }
        ).head(limit)

    def expectation_results(self) -> pl.DataFrame:
        """Two checks."""
        return pl.DataFrame(
            {
                "stage": ["landing", "landing"],
                "table_name": ["contacts", "contacts"],
                "file": ["contacts.csv", "contacts.csv"],
                "suite": ["contacts", "contacts"],
                "expectation": ["expect_column_values_to_not_be_null", "expect_column_values_to_be_in_set"],
                "column_name": ["opened_at", "channel"],
                "severity": ["critical", "warning"],
                "success": [True, False],
                "checked": [24_010, 24_010],
                "failed": [0, 10],
                "note": ["Without it a contact has no day.", "Channels are a closed list."],
            }
        )

    def restatements(self) -> pl.DataFrame:
        """None yet."""
        return pl.DataFrame(
            schema={
                "noticed_in": pl.String,
                "metric": pl.String,
                "grain": pl.String,
                "program_id": pl.String,
                "period_start": pl.Date,
                "old_value": pl.Float64,
                "new_value": pl.Float64,
                "old_denominator": pl.Float64,
                "new_denominator": pl.Float64,
                "cause": pl.String,
            }
        )

    def tables(self) -> Sequence[Any]:
        """Two tables."""
        column = SimpleNamespace
        return (
            SimpleNamespace(
                name="contacts",
                comment="One conversation a row.",
                rows=24_000,
                columns=(
                    column(name="contact_id", type="VARCHAR", comment="Contact."),
                    column(name="channel", type="VARCHAR", comment="Channel of the contact."),
                ),
            ),
            SimpleNamespace(
                name="orders",
                comment="One order a row.",
                rows=9_000,
                columns=(column(name="order_id", type="VARCHAR", comment="Order."),),
            ),
        )
