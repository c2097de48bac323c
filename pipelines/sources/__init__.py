"""How a file becomes a typed canonical frame: presets, mapping, reading, casting, pseudonyms.

May import settings, errors and the canonical tables.
"""

from pipelines.sources.config import Part, Source, read_sources
from pipelines.sources.presets import Preset, presets

__all__ = ["Part", "Preset", "Source", "presets", "read_sources"]
