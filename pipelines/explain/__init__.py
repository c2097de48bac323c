"""What an executive asks of a number: why it moved, whether it is real, what it is worth, what was caused.

Works on rows that `pipelines.reader` answers with; imports the metrics, statistics and errors only.
"""

from pipelines.explain.change import Effect, Explanation, explain, explain_by_each
from pipelines.explain.signal import Verdict, verdict, verdicts

__all__ = ["Effect", "Explanation", "Verdict", "explain", "explain_by_each", "verdict", "verdicts"]
