"""The catalogue of metrics, and the one place that groups, divides and puts intervals.

May import warehouse and stats.
"""

from pipelines.metrics.request import Grain, MetricRequest
from pipelines.metrics.rows import metric_rows
from pipelines.warehouse.catalogue import MetricDefinition, catalogue, definition

__all__ = ["Grain", "MetricDefinition", "MetricRequest", "catalogue", "definition", "metric_rows"]
