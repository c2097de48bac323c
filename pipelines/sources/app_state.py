"""What people typed in, as rows of `qa_ratings` to land; imports the store, and that only where there is one.

These are the reviews of sessions, and what was decided on contested reviews. Sessions that are still blind
are not among them, or a grader could read the others' scores in the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.canonical import tables
from pipelines.sources.reading import LINE

if TYPE_CHECKING:
    from pipelines.store import Store

APP = "app"
"""Stands for a file's and a source's name in the accounts of what was typed in."""

TABLE = "qa_ratings"
DECIDED = "decided-"
"""Before the id of a contested review: the id of the review that its decision amounts to."""
_STORE_FILE = "app.db"
# A correction is a later submission under the same review, so the moment tells it from what it corrects.
_IDENTITY = ("review_id", "criterion_id", "reviewed_at")


def new_ratings(
    state: Path, landed: Iterable[Path], reviews: Iterable[Path], *, url: str | None = None
) -> pl.DataFrame:
    """Ratings of the app store that were not landed yet, as text in the canonical columns, with `_line`.

    Args:
        state: The workspace's state folder.
        landed: Parquet files of the batches that were landed from the store before.
        reviews: Parquet files of all landed ratings, the oldest first: what was contested is among them.
        url: Address of the store where it is not in the state folder.

    Returns:
        No rows where nothing is new, or where the workspace has no app store.
    """
    names = tables()[TABLE].column_names
    empty = pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)})
    if url is None and not (state / _STORE_FILE).exists():
        return empty
    from pipelines.store import open_store, ratings  # SQLAlchemy, which most loads do not need

    store = open_store(state, url=url)
    try:
        typed_in = pl.concat([ratings(store), _decided(store, list(reviews))], how="diagonal")
    finally:
        store.close()
    known = [pl.read_parquet(path, columns=list(_IDENTITY)) for path in landed]
    if known:
        typed_in = typed_in.join(pl.concat(known), on=_IDENTITY, how="anti", maintain_order="left")
    if typed_in.is_empty():
        return empty
    return (
        typed_in.with_columns(pl.col("reviewed_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
        .with_row_index(LINE, offset=1)
        .select(pl.col(LINE).cast(pl.Int64), pl.col(names).cast(pl.String))
    )


def _decided(store: Store, reviews: list[Path]) -> pl.DataFrame:
    """What was decided on contested reviews, as a reference review of the same contact by who decided.

    Whoever decides has looked at the contact again, and says that a score stands or what it should have been,
    so severity and alignment learn from it. Upheld ones are there like overturned ones, or contested reviews
    would only ever speak against graders. What was overturned without saying what is right is left empty:
    that score, or all of them where the whole review was meant.
    """
    from pipelines.store import disputes

    kept = [one for one in disputes(store) if one.decided_at is not None]
    if not kept or not reviews:
        return pl.DataFrame()
    decided = pl.DataFrame(
        [
            (one.review_id, one.criterion_id, one.outcome, one.corrected_score, one.decision_reason,
             one.decided_by, one.decided_at.replace(tzinfo=None))
            for one in kept
            if one.decided_at is not None
        ],
        schema={
            "review_id": pl.String, "criterion_id": pl.String, "outcome": pl.String, "right": pl.Float64,
            "reason": pl.String, "decided_by": pl.String, "decided_at": pl.Datetime("us"),
        },
        orient="row",
    )  # fmt: skip
    is_overturned = pl.col("outcome") == "overturned"
    whole = decided.group_by("review_id").agg(
        pl.col("decided_by").sort_by("decided_at").last(),
        pl.col("decided_at").max(),
        (pl.col("criterion_id").is_null() & is_overturned).any().alias("is_void"),
    )
    of_criterion = (
        decided.drop_nulls("criterion_id")
        .sort("decided_at")
        .unique(["review_id", "criterion_id"], keep="last")
        .select("review_id", "criterion_id", "outcome", "right", "reason")
    )
    wanted = whole["review_id"].to_list()
    contested = pl.concat(
        [pl.scan_parquet(path).filter(pl.col("review_id").is_in(wanted)) for path in reviews]
    ).collect()
    newest = contested.unique(["review_id", "criterion_id"], keep="last", maintain_order=True)
    return (
        newest.join(whole, on="review_id")
        .join(of_criterion, on=["review_id", "criterion_id"], how="left")
        .select(
            (pl.lit(DECIDED) + pl.col("review_id")).alias("review_id"),
            "contact_id",
            pl.col("decided_by").alias("grader_id"),
            "scorecard_id",
            "version",
            "criterion_id",
            pl.when(is_overturned).then("right").when(~pl.col("is_void")).then("score").alias("score"),
            pl.col("decided_at").alias("reviewed_at"),
            pl.lit("reference").alias("purpose"),
            pl.col("reason").alias("comment"),
        )
        .sort("review_id", "criterion_id")
    )
