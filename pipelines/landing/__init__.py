"""The landing zone: append-only, addressed by content; what was read, what was rejected and why.

May import sources, quality, settings, errors and the canonical tables.
"""

from pipelines.landing.batch import Batch, RejectReason, Warning
from pipelines.landing.current import current_batches
from pipelines.landing.land import LandingReport, RefusedFile, check, land

__all__ = [
    "Batch",
    "LandingReport",
    "RefusedFile",
    "RejectReason",
    "Warning",
    "check",
    "current_batches",
    "land",
]
