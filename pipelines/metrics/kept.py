"""The frames that were asked for last; imports nothing of ours."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

import polars as pl


class KeptFrames:
    """The frames that were asked for last, by question; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._frames: OrderedDict[Hashable, pl.DataFrame] = OrderedDict()

    def get(self, question: Hashable) -> pl.DataFrame | None:
        """The frame of a question, or None where it is not kept."""
        with self._lock:
            if question in self._frames:
                self._frames.move_to_end(question)
            return self._frames.get(question)

    def put(self, question: Hashable, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep a frame, which is returned; the one asked for longest ago may go."""
        with self._lock:
            self._frames[question] = frame
            while len(self._frames) > self._most:
                self._frames.popitem(last=False)
        return frame

    def clear(self) -> None:
        """Keep none."""
        with self._lock:
            self._frames.clear()
