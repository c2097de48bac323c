"""Builds the warehouse: runs the models on DuckDB, builds beside, checks, publishes by pointer.

May import landing, quality, sql, canonical, settings and errors.
"""

from pipelines.warehouse.load import LoadSummary, load
from pipelines.warehouse.publish import Published, read_pointer

__all__ = ["LoadSummary", "Published", "load", "read_pointer"]
