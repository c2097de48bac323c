"""`plumbline agreement RATINGS.csv`: how far raters agree, from any long table; needs no workspace."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from pipelines.stats.agreement import Agreement
    from pipelines.stats.estimates import Estimate
    from pipelines.stats.krippendorff import Scale

EPILOG = """\
The table has one row a rating: what was rated, by whom, and the score; an empty score is missing.
Coefficients and percentages are printed as shares of 1, each with a 95 % interval.
A unit that one rater scored twice counts with its later line.
Weighted kappas, AC2 and adjacency rest on the scores as numbers, not on their rank.

example: plumbline agreement ratings.csv --unit contact_id --rater grader_id --score score --scale ordinal
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    parser.add_argument("ratings", type=Path, metavar="RATINGS.csv", help="a CSV or Parquet file")
    parser.add_argument(
        "--unit", default="unit", metavar="COL", help="column of what was rated (default: unit)"
    )
    parser.add_argument(
        "--rater", default="rater", metavar="COL", help="column of who rated (default: rater)"
    )
    parser.add_argument(
        "--score", default="score", metavar="COL", help="column of the score (default: score)"
    )
    parser.add_argument(
        "--scale",
        choices=("nominal", "ordinal", "interval"),
        help="what the scores are (default: ordinal when all are numbers, else nominal)",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1.0,
        metavar="POINTS",
        help="how far scores may differ and still be adjacent (default: 1)",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: table")


def run(args: argparse.Namespace) -> int:
    """Print the agreement of the ratings in a file."""
    from pipelines.stats.agreement import agreement
    from pipelines.stats.ratings import ratings_from_long

    if not args.tolerance >= 0:
        raise UsageError(f"--tolerance is {args.tolerance}, but it must be a number of points, 0 or more.")
    columns = (args.unit, args.rater, args.score)
    rows = _rows(args.ratings, columns)
    scores, is_number = _scores(rows, args.scale, args.score)
    scale: Scale = args.scale or ("ordinal" if is_number else "nominal")
    ratings = ratings_from_long(rows[args.unit].to_numpy(), rows[args.rater].to_numpy(), scores)
    found = agreement(ratings, scale, tolerance=args.tolerance)
    print(
        json.dumps(_as_json(found), indent=2, ensure_ascii=False)
        if args.format == "json"
        else _as_table(found)
    )
    return 0


def _rows(path: Path, columns: tuple[str, str, str]) -> pl.DataFrame:
    """The three columns as text, without empty cells, one row for each unit and rater."""
    import polars as pl

    if len(set(columns)) < 3:
        raise UsageError(f"--unit, --rater and --score must name three columns, not {', '.join(columns)}.")
    table = _read(path)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        wanted = ", ".join(f"'{name}'" for name in missing)
        raise UsageError(
            f"{path.name} has no column {wanted}; it has: {', '.join(table.columns)}."
            f"{did_you_mean(missing[0], table.columns)} Name them with --unit, --rater and --score."
        )
    text = table.select(pl.col(name).cast(pl.String).str.strip_chars() for name in columns)
    unit, rater, score = columns
    given = text.filter(pl.col(score).fill_null("") != "")
    nameless = given.filter((pl.col(unit).fill_null("") == "") | (pl.col(rater).fill_null("") == "")).height
    if nameless:
        raise UsageError(f"{nameless} scores of {path.name} name no unit or no rater; fill these cells.")
    if given.is_empty():
        raise UsageError(f"{path.name} holds no score in column '{score}'.")
    once = given.unique([unit, rater], keep="last", maintain_order=True)
    if once.height < given.height:
        again = given.height - once.height
        print(
            f"{again} scores of a unit by the same rater came again; the later line counts.", file=sys.stderr
        )
    return once


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    if not path.is_file():
        raise UsageError(f"there is no file {path}.")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except pl.exceptions.NoDataError:
        raise UsageError(f"{path.name} is empty; it needs a header and one row a rating.") from None
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path.name} cannot be read as a table: {reason}.") from None


def _scores(rows: pl.DataFrame, scale: str | None, column: str) -> tuple[Any, bool]:
    """The scores as numbers where all are, else as text where the scale allows it."""
    import polars as pl

    text = rows[column]
    numbers = text.cast(pl.Float64, strict=False)
    not_numbers = text.filter(numbers.is_null() | ~numbers.is_finite())
    if not_numbers.is_empty():
        return numbers.to_numpy(), True
    if scale in ("ordinal", "interval"):
        raise UsageError(
            f"the {scale} scale needs numbers, but {not_numbers.len()} scores in column '{column}' are none "
            f"(such as '{not_numbers[0][:40]}'); use --scale nominal or give numbers."
        )
    return text.to_numpy().astype(object), False


def _as_json(found: Agreement) -> dict[str, Any]:
    from pipelines.stats.agreement import COEFFICIENTS

    def shown(one: Estimate) -> dict[str, Any]:
        return {"value": one.value, "lower": one.lower, "upper": one.upper, "note": one.note or None}

    return {
        "scale": found.scale,
        "units": found.units,
        "raters": found.raters,
        "ratings": found.ratings,
        **{key: shown(getattr(found, key)) for key in COEFFICIENTS},
        "pairs": [
            {
                "rater_a": pair.rater_a,
                "rater_b": pair.rater_b,
                "n": pair.n,
                "cohen_kappa": pair.cohen_kappa.value,
                "linear_kappa": pair.linear_kappa.value,
                "quadratic_kappa": pair.quadratic_kappa.value,
                "exact": pair.exact,
                "note": pair.cohen_kappa.note or None,
            }
            for pair in found.pairs
        ],
    }


def _as_table(found: Agreement) -> str:
    from pipelines.stats.agreement import COEFFICIENTS

    lines = [
        f"{found.units} units, {found.raters} raters, {found.ratings} ratings, {found.scale} scale",
        "",
        f"{'coefficient':<20}{'value':>8}{'lower':>8}{'upper':>8}  note",
    ]
    for key in COEFFICIENTS:
        one: Estimate = getattr(found, key)
        numbers = "".join(_number(part) for part in (one.value, one.lower, one.upper))
        lines.append(f"{key:<20}{numbers}  {one.note}".rstrip())
    if found.pairs:
        width = max(7, *(len(f"{name}") for pair in found.pairs for name in (pair.rater_a, pair.rater_b))) + 2
        heads = "".join(f"{head:>10}" for head in ("n", "kappa", "linear", "quadratic", "exact"))
        lines += ["", f"{'rater_a':<{width}}{'rater_b':<{width}}{heads}"]
        for pair in found.pairs:
            kappas = (pair.cohen_kappa, pair.linear_kappa, pair.quadratic_kappa)
            numbers = "".join(_number(kappa.value, 10) for kappa in kappas) + _number(pair.exact, 10)
            lines.append(f"{pair.rater_a!s:<{width}}{pair.rater_b!s:<{width}}{pair.n:>10}{numbers}")
    return "\n".join(lines)


def _number(value: float | None, width: int = 8) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.3f}"
