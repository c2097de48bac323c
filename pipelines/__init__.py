"""Plumbline's engine: from exported files to numbers that can be trusted.

The rooms and who may import whom are kept by `lint-imports` (see pyproject.toml).
"""

__version__ = "0.1.0"
