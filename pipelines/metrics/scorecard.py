"""What a partner is held to: the metrics of a scorecard and the lengths of its contract periods."""

from __future__ import annotations

SCORECARD = (
    "fcr",
    "one_touch",
    "csat",
    "refund_avoidance",
    "escalation_rate",
    "abandonment_rate",
    "service_level",
    "handle_minutes_median",
    "qa_score",
)
"""Keys of the metrics, in the order in which they are read."""

PERIODS = ("quarter", "month")
"""Lengths of a contract period, the usual one first."""
