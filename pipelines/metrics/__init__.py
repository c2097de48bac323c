"""The catalogue of metrics, and the one place that groups, divides and puts intervals.

Imports stats only: a connection comes in, rows go out, so that a build can freeze what is final.
"""

from pipelines.metrics.catalogue import MetricDefinition, catalogue, definition
from pipelines.metrics.request import Grain, MetricRequest
from pipelines.metrics.rows import by_metric, metric_rows

__all__ = [
    "Grain",
    "MetricDefinition",
    "MetricRequest",
    "by_metric",
    "catalogue",
    "definition",
    "metric_rows",
]
