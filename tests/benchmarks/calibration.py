"""`python -m tests.benchmarks.calibration`: is a calibrated score nearer the truth than a raw one.

Simulated retailers with their truth, seed by seed: agents' and graders' true points come from the
simulator, which scores by latent ordinal criteria with an auto-fail, not by the model that calibrates. The
table says how well raw and calibrated scores follow the truth, how often they put an agent on the wrong
side of the program, how often 95 % intervals hold the truth, and how well severity is recovered.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.calibration.model import fit_reviews
from pipelines.calibration.outcomes import calibrated_outcomes
from pipelines.calibration.scores import calibrated_scores
from pipelines.calibration.severity import grader_severity
from pipelines.calibration.severity_time import severity_over_time
from pipelines.simulate import make_plan, simulate

MIN_REVIEWS = 3


@dataclass(frozen=True)
class Result:
    """One seed: correlations with the truth, errors in points, shares.

    Attributes:
        raw_correlation: Of raw score and truth over agents with 3 routine reviews or more.
        calibrated_correlation: The same of the calibrated score.
        raw_error: Root mean squared distance of the raw score from the truth.
        calibrated_error: The same of the calibrated score.
        raw_band_errors: Share of agents whom the raw score puts into another band than the truth would:
            above or below from half a standard deviation of the true scores, else within.
        calibrated_band_errors: The same of the calibrated score.
        raw_wrong_side: Share of calls above or below that are on the wrong side of the program.
        calibrated_wrong_side: The same of the calibrated score.
        score_coverage: Share of 95 % intervals of calibrated scores that hold the truth.
        deviation_coverage: The same of the deviation from the program.
        severity_correlation: Of severity found and true, over steady graders.
        severity_coverage: Share of their intervals that hold the truth.
        false_alerts: Share of steady graders who are called changing at the year's end.
        drift_found: Share of drifting graders who are.
        outcome_raw_correlation: Of raw and true csat over agents.
        outcome_calibrated_correlation: The same of calibrated csat.
    """

    seed: int
    raw_correlation: float
    calibrated_correlation: float
    raw_error: float
    calibrated_error: float
    raw_band_errors: float
    calibrated_band_errors: float
    raw_wrong_side: float
    calibrated_wrong_side: float
    score_coverage: float
    deviation_coverage: float
    severity_correlation: float
    severity_coverage: float
    false_alerts: float
    drift_found: float
    outcome_raw_correlation: float
    outcome_calibrated_correlation: float


def one_seed(seed: int, *, contacts: int = 12_000, reviews: int = 2_400) -> Result:
    """Simulate a retailer, calibrate it, and hold it against its truth."""
    with tempfile.TemporaryDirectory(prefix="plumbline-study-") as folder:
        root = Path(folder)
        simulate(root, make_plan(contacts=contacts, seed=seed, reviews=reviews))
        table = reviews_of(root)
        contact_rows = _read(root, "contacts")
        truth = json.loads((root / "truth.json").read_text("utf-8"))
    model = fit_reviews(table)
    assert model is not None
    agents = calibrated_scores(model).agents.join(
        pl.DataFrame(truth["agents"], infer_schema_length=None).select("agent_id", truth="expected_qa_score"),
        on="agent_id",
    )
    agents = agents.with_columns(true_deviation=pl.col("truth") - pl.col("truth").mean().over("home")).filter(
        pl.col("n_routine") >= MIN_REVIEWS
    )
    graders = grader_severity(model).join(_true_severity(truth), on="grader_id")
    steady = graders.filter(pl.col("drift") == 0)
    alerts = severity_over_time(model).drift.join(_true_severity(truth), on="grader_id")
    called = alerts.select("drift", called=pl.col("alert") != "")
    outcome = _csat(contact_rows).join(
        pl.DataFrame(truth["agents"], infer_schema_length=None).select("agent_id", "expected_csat", "csat"),
        on="agent_id",
    )
    spread = float(agents["true_deviation"].std() or 0.0)  # type: ignore[arg-type]  # a number
    return Result(
        seed=seed,
        raw_correlation=_correlation(agents, "raw_score", "truth"),
        calibrated_correlation=_correlation(agents, "calibrated_score", "truth"),
        raw_error=_error(agents, "raw_score", "truth"),
        calibrated_error=_error(agents, "calibrated_score", "truth"),
        raw_band_errors=_band_errors(agents, "raw_band", spread / 2),
        calibrated_band_errors=_band_errors(agents, "band", spread / 2),
        raw_wrong_side=_wrong_side(agents, "raw_band"),
        calibrated_wrong_side=_wrong_side(agents, "band"),
        score_coverage=_covered(agents, "truth", "lower", "upper"),
        deviation_coverage=_covered(agents, "true_deviation", "deviation_lower", "deviation_upper"),
        severity_correlation=_correlation(steady, "severity", "truth"),
        severity_coverage=_covered(steady, "truth", "lower", "upper"),
        false_alerts=float(called.filter(pl.col("drift") == 0)["called"].mean() or 0.0),  # type: ignore[arg-type]
        drift_found=float(called.filter(pl.col("drift") != 0)["called"].mean() or 0.0),  # type: ignore[arg-type]
        outcome_raw_correlation=_correlation(outcome, "raw_rate", "csat"),
        outcome_calibrated_correlation=_correlation(outcome, "calibrated_rate", "csat"),
    )


def reviews_of(root: Path) -> pl.DataFrame:
    """Reviews of a simulated workspace with their raw score, as the warehouse makes them."""
    ratings = _read(root, "qa_ratings").join(
        _read(root, "scorecards"), on=["scorecard_id", "version", "criterion_id"], how="left"
    )
    numbers = [pl.col(name).cast(pl.Float64) for name in ("score", "min", "max", "weight")]
    share = (pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min"))
    fails = (pl.col("auto_fail") == "true") & (pl.col("score") == pl.col("min"))
    scored = (
        ratings.with_columns(numbers)
        .with_columns(earned=pl.col("weight") * share, failed=fails.fill_null(False))
        .with_columns(applicable=pl.when(pl.col("score").is_not_null()).then("weight"))
        .group_by("review_id")
        .agg(
            pl.col("contact_id", "grader_id", "purpose", "session_id").first(),
            reviewed_at=pl.col("reviewed_at").max().str.to_datetime("%Y-%m-%dT%H:%M:%SZ"),
            earned=pl.col("earned").sum(),
            weight=pl.col("applicable").sum(),
            failed=pl.col("failed").any(),
        )
        .with_columns(
            raw_score=pl.when("failed").then(0.0).otherwise(100 * pl.col("earned") / pl.col("weight"))
        )
    )
    contacts = _read(root, "contacts").select("contact_id", "agent_id", "program_id", "channel", "issue")
    return scored.join(contacts, on="contact_id").sort("review_id")


def _read(root: Path, table: str) -> pl.DataFrame:
    return pl.read_csv(root / f"{table}.csv", infer_schema=False)


def _true_severity(truth: dict) -> pl.DataFrame:
    """True points against the mean of all graders, drift left out."""
    graders = pl.DataFrame(truth["graders"], infer_schema_length=None)
    average = (pl.col("severity_points_at_start") + pl.col("severity_points_at_end")) / 2
    # A drifting grader counts with what two fifths of the days give.
    points = (
        pl.when(pl.col("drift") == 0)
        .then(average)
        .otherwise(0.8 * pl.col("severity_points_at_start") + 0.2 * pl.col("severity_points_at_end"))
    )
    return graders.select("grader_id", "drift", truth=points - points.mean())


def _csat(contacts: pl.DataFrame) -> pl.DataFrame:
    number = {name: pl.col(name).cast(pl.Float64) for name in ("csat_score", "csat_min", "csat_max")}
    low, high = number["csat_min"].fill_null(1.0), number["csat_max"].fill_null(5.0)
    rated = contacts.filter(pl.col("csat_score").is_not_null()).with_columns(
        good=1 + 4 * (number["csat_score"] - low) / (high - low) >= 4
    )
    cells = rated.group_by("agent_id", "program_id", "channel", "issue").agg(
        successes=pl.col("good").sum(), trials=pl.len()
    )
    return calibrated_outcomes(cells).agents


def _correlation(table: pl.DataFrame, one: str, other: str) -> float:
    return float(np.corrcoef(table[one].to_numpy(), table[other].to_numpy())[0, 1])


def _error(table: pl.DataFrame, one: str, other: str) -> float:
    return float(np.sqrt(((table[one] - table[other]).to_numpy() ** 2).mean()))


def _band_errors(table: pl.DataFrame, band: str, edge: float) -> float:
    deviation = pl.col("true_deviation")
    true_band = pl.when(deviation > edge).then(pl.lit("above")).when(deviation < -edge).then(pl.lit("below"))
    return float(table.select((pl.col(band) != true_band.otherwise(pl.lit("within"))).mean()).item())


def _wrong_side(table: pl.DataFrame, band: str) -> float:
    called = table.filter(pl.col(band) != "within")
    wrong = (pl.col(band) == "above") != (pl.col("true_deviation") > 0)
    return float(called.select(wrong.mean()).item() or 0.0)


def _covered(table: pl.DataFrame, truth: str, lower: str, upper: str) -> float:
    inside = (pl.col(lower) <= pl.col(truth)) & (pl.col(truth) <= pl.col(upper))
    return float(table.select(inside.mean()).item())


def summary(results: list[Result]) -> Iterator[tuple[str, float, float]]:
    """Name, mean over seeds and standard error of it, for each measure."""
    for field in fields(Result):
        if field.name != "seed":
            values = np.array([getattr(result, field.name) for result in results])
            error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else float("nan")
            yield field.name, float(values.mean()), float(error)


@dataclass(frozen=True)
class Goal:
    """What the mean of a measure over all seeds should be: at least, at most, or better than another's."""

    measure: str
    least: float | None = None
    most: float | None = None
    above: str = ""
    below: str = ""

    def words(self) -> str:
        """The goal as it is printed."""
        if self.above or self.below:
            return f"{'above' if self.above else 'below'} {self.above or self.below}"
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"

    def is_met(self, mean: dict[str, float]) -> bool:
        """Whether the means meet it."""
        value = mean[self.measure]
        low = mean[self.above] if self.above else -np.inf if self.least is None else self.least
        high = mean[self.below] if self.below else np.inf if self.most is None else self.most
        return bool(low < value < high or value in (self.least, self.most))


GOALS = (
    Goal("calibrated_correlation", above="raw_correlation"),
    Goal("calibrated_error", below="raw_error"),
    Goal("calibrated_band_errors", below="raw_band_errors"),
    Goal("calibrated_wrong_side", most=0.05),
    Goal("score_coverage", least=0.93, most=0.97),
    Goal("deviation_coverage", least=0.93, most=0.97),
    Goal("severity_correlation", least=0.95),
    Goal("severity_coverage", least=0.93, most=0.97),
    Goal("false_alerts", most=0.01),
    Goal("drift_found", least=0.9),
    Goal("outcome_calibrated_correlation", above="outcome_raw_correlation"),
)


def main() -> int:
    """Run the study and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.calibration", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="simulated retailers (default: 50)")
    parser.add_argument("--first-seed", type=int, default=1, help="seed of the first (default: 1)")
    parser.add_argument("--contacts", type=int, default=12_000, help="contacts of each (default: 12000)")
    parser.add_argument("--reviews", type=int, default=2_400, help="reviews of each (default: 2400)")
    parser.add_argument("--json", type=Path, help="write every seed's results here")
    args = parser.parse_args()
    results = []
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        results.append(one_seed(seed, contacts=args.contacts, reviews=args.reviews))
        print(f"seed {seed} done", file=sys.stderr, flush=True)
    print(f"{'measure':34} {'mean':>8} {'± error':>8}   over {len(results)} simulated retailers")
    found = list(summary(results))
    means = {name: mean for name, mean, _ in found}
    goals = {goal.measure: goal for goal in GOALS}
    for name, mean, error in found:
        goal = goals.get(name)
        verdict = "" if goal is None else f"{goal.words():28} {'met' if goal.is_met(means) else 'MISSED'}"
        print(f"{name:34} {mean:8.3f} {error:8.3f}   {verdict}".rstrip())
    if args.json:
        args.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
