"""How a file becomes a typed canonical frame: presets, mapping, reading, casting, pseudonyms.

May import settings, errors and the canonical tables.
"""

from pipelines.sources.config import Part, Source
from pipelines.sources.presets import Preset, presets
from pipelines.sources.written import read_sources

__all__ = ["Part", "Preset", "Source", "presets", "read_sources"]
