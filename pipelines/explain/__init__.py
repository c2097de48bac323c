"""What an executive asks of a number: why it moved, whether it is real, what it is worth, what was caused.

Works on rows that `pipelines.reader` answers with; imports the metrics, statistics and errors only.
"""

from pipelines.explain.caused import Caused, caused, caused_by_each
from pipelines.explain.change import Effect, Explanation, explain, explain_by_each
from pipelines.explain.signal import Verdict, verdict, verdicts

__all__ = [
    "Caused",
    "Effect",
    "Explanation",
    "Verdict",
    "caused",
    "caused_by_each",
    "explain",
    "explain_by_each",
    "verdict",
    "verdicts",
]
