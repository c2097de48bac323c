"""Importing Great Expectations: late, quiet, and without the packages that it does not need."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, sys
import polars as pl
from pipelines.quality import check_frame
assert "great_expectations" not in sys.modules, "imported before it was needed"

schema = {"program_id": pl.String, "at": pl.Datetime, "name": pl.String, "value": pl.Float64}
frame = pl.LazyFrame(schema=schema)
assert all(result.success for result in check_frame("signals", frame).results)
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
assert "scipy.stats._stats_py" not in sys.modules, "scipy.stats was loaded"
assert "sqlalchemy" not in sys.modules, "SQLAlchemy was loaded"

# Whoever wants the packages that were put off gets them, however they are imported.
import scipy.stats
from scipy import stats
from scipy.stats import norm
assert round(scipy.stats.norm.ppf(0.975), 3) == round(stats.norm.ppf(0.975), 3) == round(norm.ppf(0.975), 3)
assert "scipy.stats._stats_py" in sys.modules
import sqlalchemy
assert sqlalchemy.create_engine("sqlite://").connect().exec_driver_sql("select 1").scalar() == 1
from great_expectations.datasource.fluent.sqlite_datasource import SqliteDatasource
assert "connection_string" in SqliteDatasource.__fields__

# What was kept out says so when it is used through Great Expectations itself.
import great_expectations as gx
try:
    gx.datasource.fluent.PandasDatasource(name="files")
except ImportError as error:
    assert "PandasDatasource" in str(error) and "frame" in str(error)
else:
    raise AssertionError("an empty class made an object")
"""


def test_it_is_imported_late_and_what_it_does_not_need_is_put_off() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and done.stderr == ""
