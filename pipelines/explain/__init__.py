"""What an executive asks of a number: why it moved, whether it is real, what it is worth, what was caused.

Works on rows that `pipelines.reader` answers with; imports the metrics, statistics and errors only.
"""

from pipelines.explain.change import Effect, Explanation, explain, explain_by_each

__all__ = ["Effect", "Explanation", "explain", "explain_by_each"]
