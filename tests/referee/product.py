"""The product, driven as its users drive it, and the comparison of its rows with another implementation's."""

from __future__ import annotations

import contextlib
import io
import json
import math
import shutil
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from pipelines.cli import main
from pipelines.landing import land
from pipelines.reader import MetricRequest, Reader
from pipelines.settings import read_workspace

Row = dict[str, Any]
Files = Iterable[tuple[str, Path]]

RELATIVE = 1e-9
NOTHING = 1e-12  # Wilson's lower end at no hits is 0 but for the last bits


class Product:
    """A workspace of the product; each delivery replaces the files of the one before.

    Args:
        root: An empty folder.
        deliveries: (table, file) of each delivery, in order; the last is loaded, those before only landed.
        as_of: What `--as-of` says; None leaves it out.
        settings: More of plumbline.toml.
    """

    def __init__(
        self, root: Path, deliveries: list[list[tuple[str, Path]]], as_of: str | None, settings: str = ""
    ) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        source = '[[source]]\nfiles = "*.csv"\npreset = "canonical"\n'
        (root / "plumbline.toml").write_text(settings + source)
        for files in deliveries[:-1]:
            self.deliver(files)
            land(read_workspace(root))
        self.deliver(deliveries[-1])
        self.summary = self.load(as_of)
        self.reader = Reader.open(root)

    def deliver(self, files: Files) -> None:
        """Put these files in the place of those of the same tables."""
        for table, path in files:
            shutil.copyfile(path, self.root / f"{table}.csv")

    def load(self, as_of: str | None = None) -> Row:
        """Load, and what the summary says."""
        words = ["load", "--workspace", str(self.root), "--format", "json"]
        return json.loads(run([*words, "--as-of", as_of] if as_of else words))

    def rows(
        self,
        metrics: tuple[str, ...],
        by: tuple[str, ...] = (),
        grain: str = "all",
        start: date | None = None,
        end: date | None = None,
    ) -> list[Row]:
        """The printed rows of the metrics."""
        request = MetricRequest(metrics=metrics, by=by, grain=grain, start=start, end=end)
        return self.reader.metrics(request).to_dicts()

    def sql(self, query: str) -> list[Row]:
        """Rows of a query on a copy: one process opens a file in one way only."""
        copy = self.root / "copy.duckdb"
        shutil.copyfile(self.reader.build.path, copy)
        with duckdb.connect(str(copy), read_only=True) as connection:
            return connection.sql(query).pl().to_dicts()


def run(words: list[str]) -> str:
    """What a command that must succeed prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = main(words)
    if code:
        raise AssertionError(f"plumbline {' '.join(words)} ended with {code}")
    return printed.getvalue()


def differences(ours: list[Row], theirs: list[Row], by: tuple[str, ...]) -> list[str]:
    """Lines that say where the product (theirs) and the referee (ours) differ; none where they agree."""
    found = []
    key_names = ("metric", "grain", "period_start", *by)
    keys = [tuple(row[name] for name in key_names) for row in theirs]
    expected = {tuple(row[name] for name in key_names): row for row in ours}
    if len(set(keys)) < len(keys):
        found.append("the product prints a row twice")
    for row in theirs:
        key = tuple(row[name] for name in key_names)
        if key not in expected:
            found.append(f"{key}: only the product has it: {shown(row)}")
        elif not same(expected[key], row):
            found.append(f"{key}:\n    referee {shown(expected[key])}\n    product {shown(row)}")
    found += [
        f"{key}: only the referee has it: {shown(row)}" for key, row in expected.items() if key not in keys
    ]
    if not found and list(expected) != keys:
        found.append(f"the order differs: referee {list(expected)}, product {keys}")
    return found


def same(ours: Row, theirs: Row) -> bool:
    """Whether two rows say the same: counts and states exactly, other numbers to 1e-9."""
    return all(ours[name] == theirs[name] for name in ("denominator", "pending", "status")) and all(
        close(ours[name], theirs[name]) for name in ("value", "lower", "upper", "numerator")
    )


def close(ours: Any, theirs: Any) -> bool:
    """Equal, or equal to 1e-9 of their size where the product divides or multiplies in floating point."""
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, Decimal) and isinstance(theirs, Decimal):
        return ours == theirs
    return math.isclose(float(ours), float(theirs), rel_tol=RELATIVE, abs_tol=NOTHING)


def shown(row: Row) -> str:
    """The numbers of a row in one line."""
    names = ("value", "lower", "upper", "numerator", "denominator", "pending", "status")
    return " ".join(f"{name}={_plain(row[name])}" for name in names)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction | Decimal) else value
