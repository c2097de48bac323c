"""Canonical CSV files, written."""

from __future__ import annotations

import csv
from pathlib import Path

Row = dict[str, str]

COLUMNS = {
    "programs": ["program_id", "program_name", "operating_model", "timezone", "currency"],
    "agents": ["agent_id", "agent_name", "program_id", "site", "region", "team", "updated_at"],
    "contacts": [
        "contact_id",
        "program_id",
        "customer_id",
        "order_id",
        "agent_id",
        "channel",
        "direction",
        "issue",
        "opened_at",
        "first_response_at",
        "closed_at",
        "wait_seconds",
        "handle_seconds",
        "abandoned",
        "transfers",
        "reopens",
        "escalation",
        "resolution",
        "refund_requested",
        "csat_score",
        "csat_min",
        "csat_max",
        "csat_sent",
        "csat_at",
        "updated_at",
    ],
    "scorecards": ["scorecard_id", "version", "criterion_id", "min", "max", "weight", "auto_fail"],
    "qa_ratings": [
        "review_id",
        "contact_id",
        "grader_id",
        "scorecard_id",
        "version",
        "criterion_id",
        "score",
        "reviewed_at",
        "purpose",
    ],
    "orders": [
        "order_id",
        "program_id",
        "customer_id",
        "ordered_at",
        "amount",
        "currency",
        "delivered_at",
        "cancelled_at",
        "updated_at",
    ],
    "order_outcomes": ["outcome_id", "order_id", "kind", "amount", "currency", "occurred_at"],
    "events": ["event_id", "program_id", "kind", "label", "started_at"],
    "fx_rates": ["currency", "day", "to_currency", "rate"],
}


def write_csv(path: Path, columns: list[str], rows: list[Row]) -> None:
    """The rows as a CSV file; a missing cell is empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
