"""Calibration: do graders agree, how severe are they, and what is an agent's fair score.

Pure functions, Polars frames in, frozen results and frames out. May import `pipelines.stats` and errors.
"""
