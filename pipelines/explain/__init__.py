"""What an executive asks of a number: why it moved, is it real, will it meet its target, what is it worth.

Works on rows that `pipelines.reader` answers with; imports the metrics, statistics and errors only.
"""

from pipelines.explain.caused import Caused, caused, caused_by_each
from pipelines.explain.change import Effect, Explanation, explain, explain_by_each
from pipelines.explain.goals import Goal, goals, quarter_of
from pipelines.explain.loyalty import ConcessionCsat, concession_csat, repurchase_groups
from pipelines.explain.signal import Verdict, verdict, verdicts
from pipelines.explain.targets import Progress, progress, progress_table, progresses

__all__ = [
    "Caused",
    "ConcessionCsat",
    "Effect",
    "Explanation",
    "Goal",
    "Progress",
    "Verdict",
    "caused",
    "caused_by_each",
    "concession_csat",
    "explain",
    "explain_by_each",
    "goals",
    "progress",
    "progress_table",
    "progresses",
    "quarter_of",
    "repurchase_groups",
    "verdict",
    "verdicts",
]
