"""Agreement of graders by criterion, section, session, period and pair, with a verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import polars as pl

from pipelines.calibration.coding import require
from pipelines.calibration.verdicts import Confusion, most_confused, prevalence_sentence, verdict
from pipelines.stats.agreement import Agreement, agreement
from pipelines.stats.kappa import pair_agreements
from pipelines.stats.krippendorff import Scale
from pipelines.stats.ratings import Ratings, ratings_from_long

RATING_COLUMNS = ("review_id", "contact_id", "grader_id", "criterion_id", "score", "min", "max")
_ESTIMATES = (
    "krippendorff_alpha",
    "gwet_ac",
    "fleiss_kappa",
    "icc_1_1",
    "icc_2_1",
    "icc_3_1",
    "percent_exact",
    "percent_adjacent",
)
# A whole review or section is in points of 100: within 5 of them is what quality tools call agreement.
SCORE_TOLERANCE = 5.0


def criterion_agreement(
    ratings: pl.DataFrame, *, by: Sequence[str] = (), tolerance: float | None = None, resamples: int = 1000
) -> pl.DataFrame:
    """Agreement on every criterion, over all graders but the reference.

    A unit is a contact on one scorecard version that two graders or more scored; a grader who scored it twice
    counts with the newest review.
    Ratings of purpose `reference` are left out: the expert is compared with, not one of those compared.

    Args:
        ratings: review_id, contact_id, grader_id, criterion_id, score, min, max, and where known scale,
            label, scorecard_id, version, purpose, reviewed_at, and the columns of `by`.
        by: Further columns to split by, such as session_id or a period.
        tolerance: Points within which scores are adjacent; by default 1, but 0 where the range is only 1.
        resamples: Bootstrap draws for alpha.

    Returns:
        A row a criterion (and group): criterion_id, label, the columns of by, scale, units, raters,
        ratings, then for each coefficient its value, `_lower`, `_upper` and `_note`, and verdict, why
        (words), confused_low, confused_high (the two levels confused most), confused_share, confused_by
        (grader), prevalence (words where most scores are one and the same, else empty). Only groups in
        which some contact has two graders.
    """
    require(ratings, RATING_COLUMNS, "ratings")
    rows = _newest(ratings, "criterion_id").sort("criterion_id")
    label = pl.col("label") if "label" in rows.columns else pl.col("criterion_id").alias("label")
    rows = rows.with_columns(label)
    tables = []
    for key, group in rows.group_by(["criterion_id", *by], maintain_order=True):
        found = _ratings(group)
        if found is None:
            continue
        near = _near(group) if tolerance is None else tolerance
        scale = _scale(group)
        one = agreement(found, scale, tolerance=near, resamples=resamples)
        names = dict(zip(["criterion_id", *by], key, strict=True)) | {"label": group["label"][0]}
        tables.append(_row(names, one) | _words(found, one))
    return _frame(tables, ["criterion_id", "label", *by])


def score_agreement(
    scores: pl.DataFrame,
    *,
    score: str = "raw_score",
    by: Sequence[str] = (),
    tolerance: float = SCORE_TOLERANCE,
    resamples: int = 1000,
) -> pl.DataFrame:
    """Agreement on whole reviews (or sections, see `section_scores`), on the interval scale.

    Args:
        scores: review_id, contact_id, grader_id, the score in points of 100, and where known purpose,
            reviewed_at, and the columns of `by`.
        score: Column of the score.
        by: Columns to split by; none gives one row.
        tolerance: Points within which two scores are adjacent.
        resamples: Bootstrap draws for alpha.

    Returns:
        As `criterion_agreement`, without the confused levels.
    """
    require(scores, ["review_id", "contact_id", "grader_id", score], "scores")
    rows = _newest(scores.rename({score: "score"}) if score != "score" else scores, *by)
    tables = []
    groups = rows.group_by(list(by), maintain_order=True) if by else [((), rows)]
    for key, group in groups:
        found = _ratings(group)
        if found is None:
            continue
        one = agreement(found, "interval", tolerance=tolerance, resamples=resamples)
        names = dict(zip(by, key, strict=True))
        said = verdict(one, ordered=True)
        tables.append(_row(names, one) | {"verdict": said.word, "why": said.why})
    return _frame(tables, list(by)).sort(list(by)) if by and tables else _frame(tables, list(by))


def section_scores(ratings: pl.DataFrame) -> pl.DataFrame:
    """Score of each section of each review, 0 to 100: weighted over the criteria that were scored.

    Args:
        ratings: review_id, contact_id, grader_id, criterion_id, section, score, min, max, weight, and
            whatever else is to stay (purpose, reviewed_at, session_id).

    Returns:
        A row a review and section with section_score; none where nothing with weight was scored.
    """
    require(ratings, [*RATING_COLUMNS, "section", "weight"], "ratings")
    kept = [name for name in ("contact_id", "grader_id", "purpose", "session_id") if name in ratings.columns]
    newest = [pl.col("reviewed_at").max()] if "reviewed_at" in ratings.columns else []
    share = (pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min"))
    return (
        ratings.filter(pl.col("score").is_not_null(), pl.col("max") > pl.col("min"), pl.col("weight") > 0)
        .group_by("review_id", "section", maintain_order=True)
        .agg(
            *[pl.col(name).first() for name in kept],
            *newest,
            section_score=100 * (pl.col("weight") * share).sum() / pl.col("weight").sum(),
        )
    )


def pair_table(ratings: pl.DataFrame) -> pl.DataFrame:
    """Every pair of graders on every criterion that both scored on some contact.

    Args:
        ratings: As in `criterion_agreement`.

    Returns:
        criterion_id, grader_a, grader_b, n, exact, cohen_kappa, linear_kappa, quadratic_kappa (null where it
        cannot be computed), kappa_note, mean_difference (a less b, in points; null on a nominal scale).
    """
    require(ratings, RATING_COLUMNS, "ratings")
    rows = []
    for (criterion,), group in _newest(ratings, "criterion_id").group_by(
        ["criterion_id"], maintain_order=True
    ):
        found = _ratings(group)
        if found is None:
            continue
        for pair in pair_agreements(found, ordered=_scale(group) != "nominal"):
            rows.append(
                {
                    "criterion_id": criterion,
                    "grader_a": pair.rater_a,
                    "grader_b": pair.rater_b,
                    "n": pair.n,
                    "exact": pair.exact,
                    "cohen_kappa": pair.cohen_kappa.value,
                    "linear_kappa": pair.linear_kappa.value,
                    "quadratic_kappa": pair.quadratic_kappa.value,
                    "kappa_note": pair.cohen_kappa.note,
                    "mean_difference": pair.mean_difference,
                }
            )
    numbers = ["exact", "cohen_kappa", "linear_kappa", "quadratic_kappa", "mean_difference"]
    schema = {
        "criterion_id": pl.String,
        "grader_a": pl.String,
        "grader_b": pl.String,
        "n": pl.Int64,
        **dict.fromkeys(numbers[:4], pl.Float64),
        "kappa_note": pl.String,
        "mean_difference": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema).sort("criterion_id", "grader_a", "grader_b")


def _newest(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """The newest score of a contact (and scorecard version), grader and key; no references, no blanks."""
    kept = rows.filter(pl.col("score").is_not_null(), pl.col("grader_id").is_not_null())
    if "purpose" in rows.columns:
        kept = kept.filter(pl.col("purpose").fill_null("routine") != "reference")
    version = [name for name in ("scorecard_id", "version") if name in rows.columns]
    order = ["reviewed_at"] if "reviewed_at" in rows.columns else []
    unit = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in ("contact_id", *version)], separator="\x1f"
    )
    return (
        kept.with_columns(unit=unit)
        .sort([*order, "review_id"], nulls_last=False)
        .unique(["unit", "grader_id", *keys], keep="last", maintain_order=True)
    )


def _near(group: pl.DataFrame) -> float:
    """One point, but for yes and no, which are never near each other."""
    wide = group.select((pl.col("max") - pl.col("min")).max() > 1).item()
    return 1.0 if wide else 0.0


def _ratings(group: pl.DataFrame) -> Ratings | None:
    """Ratings of the units that at least two graders scored; None where there is none."""
    group = group.filter(pl.len().over("unit") >= 2)
    if group.is_empty():
        return None
    return ratings_from_long(
        group["unit"].to_numpy(),
        group["grader_id"].cast(pl.String).to_numpy(),
        group["score"].cast(pl.Float64).to_numpy(),
    )


def _scale(group: pl.DataFrame) -> Scale:
    stated = (
        group["scale"].drop_nulls().unique() if "scale" in group.columns else pl.Series([], dtype=pl.String)
    )
    known = [one for one in get_args(Scale) if one in set(stated)]
    # Two levels are ordinal and nominal alike; a criterion that does not say is scored in steps.
    return known[0] if known else "ordinal"


def _words(found: Ratings, one: Agreement) -> dict[str, object]:
    confusion: Confusion | None = most_confused(found)
    said = verdict(one, ordered=one.scale != "nominal", confusion=confusion)
    return {
        "verdict": said.word,
        "why": said.why,
        "confused_low": None if confusion is None else confusion.low,
        "confused_high": None if confusion is None else confusion.high,
        "confused_share": None if confusion is None else confusion.share,
        "confused_by": None if confusion is None else confusion.grader,
        "prevalence": prevalence_sentence(found, one),
    }


def _row(names: Mapping[str, object], one: Agreement) -> dict[str, object]:
    row: dict[str, object] = {**names, "scale": one.scale, "units": one.units}
    row |= {"raters": one.raters, "ratings": one.ratings}
    for key in _ESTIMATES:
        estimate = getattr(one, key)
        row |= {
            key: estimate.value,
            f"{key}_lower": estimate.lower,
            f"{key}_upper": estimate.upper,
            f"{key}_note": estimate.note,
        }
    return row


def _frame(rows: list[dict[str, object]], names: Sequence[str]) -> pl.DataFrame:
    if rows:
        return pl.DataFrame(rows, infer_schema_length=None)
    numbers = {f"{key}{part}": pl.Float64 for key in _ESTIMATES for part in ("", "_lower", "_upper")}
    schema = {
        **dict.fromkeys(names, pl.String),
        "scale": pl.String,
        **dict.fromkeys(("units", "raters", "ratings"), pl.Int64),
        **numbers,
        **{f"{key}_note": pl.String for key in _ESTIMATES},
        "verdict": pl.String,
        "why": pl.String,
    }
    return pl.DataFrame(schema=schema)
