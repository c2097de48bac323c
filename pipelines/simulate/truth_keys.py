"""What the keys of truth.json mean, and which parameters it lists; imports nothing of ours."""

from __future__ import annotations

ABOUT = {
    "plan": "What was asked for; scale 1 is a flash sale of 180,000 orders.",
    "period": "First and last local day; no timestamp is later than the end. Orders reach 28 days "
    "further back.",
    "programs": "Programs with expectations: expected_fcr; expected_csat had everyone answered (those who "
    "do are less content); expected_escalation_rate; expected_refund_avoidance in the contact itself, "
    "before later contacts of the same problem.",
    "sites": "Sites with their true effects (logit scale), and the same expectations.",
    "site_issue": "Expected fcr by site and issue: Manila is weak on damaged goods.",
    "agents": "True effects on the logit scale; quality in latent units; expected_qa_score is the mean "
    "review score (0-100) under a grader without severity; expected_fcr and its like are over "
    "the agent's own contacts.",
    "graders": "Latent severity (higher scores lower), by criterion, drift over the last 40% of the "
    "days; severity_points is the points of 100 taken from an average agent, at the start and "
    "at the end.",
    "criteria": "The scorecard; loading is how far a criterion follows true quality, noise what graders "
    "see differently.",
    "issues": "Logit of solving, typical minutes, chance of asking for a refund, logit of refunding, mix.",
    "events": "Events with their start: share of orders on their way made late, load added, customers "
    "with an open order at the start, and how many of them were told within two hours.",
    "load": "Mean, highest load (demand over staff) by program, and by week of the flash sale's program.",
    "effects": "Everything else that moves an outcome; logit scale unless the name says share or days.",
    "refund": "The save desk's effect: stakes it handled, their mean true probability of a refund there "
    "and had the same agent met the same stake off the desk, and the money: incremental_avoided and "
    "incremental_value (expected). What was kept may be refunded by a later contact of the same problem; "
    "incremental_avoided_in_window takes that share off.",
    "repeat_purchase": "Chance that a customer orders again after a problem solved at once, later "
    "or never, beside everyday orders.",
    "counts": "Rows written.",
}
EFFECTS = [
    "WEAK_SITE",
    "WEAK_ISSUE",
    "WEAK_EFFECT",
    "PLAYBOOK_ISSUES",
    "PLAYBOOK_EFFECT",
    "NEW_HIRE_SOLVE",
    "NEW_HIRE_DAYS",
    "SOLVE_BASE",
    "QUALITY_SOLVE",
    "OVERLOAD_SOLVE",
    "REPEAT_SOLVE",
    "SURGE_TEAM_SOLVE",
    "COMES_BACK",
    "REOPENED",
    "STATED_UNRESOLVED",
    "COMES_BACK_BY_CHANCE",
    "RETRIES_AFTER_ABANDONING",
    "ESCALATE_BASE",
    "ESCALATE_UNSOLVED",
    "ESCALATE_OVERLOAD",
    "CSAT_SENT",
    "CSAT_ANSWERED",
    "CSAT_ANSWERED_UNSOLVED",
    "CSAT_SOLVED",
    "CSAT_UNSOLVED",
    "CSAT_CUTS",
    "CSAT_OVERLOAD",
    "REFUND_BASE",
    "REFUND_VALUE_SLOPE",
    "REFUND_LATE",
    "REFUND_TYPICAL_VALUE",
    "PARTIAL_SHARE",
    "CLAW_BACK",
    "CHARGEBACK_SOLVED",
    "CHARGEBACK_UNSOLVED",
    "SELF_SERVICE_RETURN",
    "LATE_SHARE",
    "LATE_SHARE_SALE",
    "INFORMED_WEIGHT",
    "CHANNEL_SOLVE",
    "CHANNEL_REFUND",
    "AGENT_SOLVE_SD",
    "AGENT_QUALITY_SD",
    "AGENT_QUALITY_SKILL_CORRELATION",
    "GRADER_SEVERITY_SD",
    "QUALITY_CONTACT_SD",
    "CRITERION_CONTACT_SD",
    "CAD_RATE",
]
