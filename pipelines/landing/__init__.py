"""The landing zone: append-only, addressed by content; what was read, what was rejected and why.

May import sources, quality, settings, errors and the canonical tables.
"""

from pipelines.landing.batch import Batch, RejectReason
from pipelines.landing.current import current_batches
from pipelines.landing.land import LandingReport, RefusedFile, check, land
from pipelines.sources.mapping import FileWarning

__all__ = [
    "Batch",
    "FileWarning",
    "LandingReport",
    "RefusedFile",
    "RejectReason",
    "check",
    "current_batches",
    "land",
]
