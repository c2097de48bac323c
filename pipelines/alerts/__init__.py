"""Alerts: rules of plumbline.toml held against what was loaded, each told once per change of its state.

Works on what `pipelines.reader` answers with; imports explanations, wording, settings and errors.
"""

from pipelines.alerts.desk import Outcome, Waiting, run_alerts
from pipelines.alerts.evaluate import Finding, check_rules, evaluate

__all__ = ["Finding", "Outcome", "Waiting", "check_rules", "evaluate", "run_alerts"]
