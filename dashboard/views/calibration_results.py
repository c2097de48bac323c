"""What came of a revealed session, in sentences and a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import polars as pl

from dashboard import format as fmt
from dashboard.views import calibration as words
from dashboard.views import calibration_frames as frames
from pipelines.calibration import session_agreement, session_results
from pipelines.store import Criterion, SessionView

NEAR = session_results.NEAR_POINTS


@dataclass(frozen=True)
class Results:
    """Everything that is computed of a session for one viewer.

    Attributes:
        agreement: As `session_agreement.agreement_table`, the reference grader left out.
        pairs: As `session_agreement.pairs`, of the same.
        cells: Every score beside what was right.
        reviews: Every review beside what was right.
        graders: Every grader over his or her reviews.
        spread: How far graders are apart on each criterion of each contact.
        reference: What was right, and on whose word.
        reference_name: The reference grader as this viewer knows him or her.
    """

    agreement: pl.DataFrame
    pairs: pl.DataFrame
    cells: pl.DataFrame
    reviews: pl.DataFrame
    graders: pl.DataFrame
    spread: pl.DataFrame
    reference: pl.DataFrame
    reference_name: str | None


def results(view: SessionView, *, resamples: int = 1000) -> Results:
    """What came of a session, as far as the viewer may see it."""
    session = view.session
    form, scores = frames.form(session.criteria), frames.scores(view)
    expert = frames.reference_name(session, view.viewer)
    right = session_results.references(scores, reference_grader=expert, consensus=frames.consensus(view))
    cells = session_results.compared(
        scores, right, form, tolerance=session.tolerance, reference_grader=expert
    )
    reviews = session_results.by_review(scores, cells, right, form)
    others = session_agreement.without_reference(scores, expert)
    return Results(
        agreement=session_agreement.agreement_table(
            others, form, tolerance=session.tolerance, resamples=resamples
        ),
        pairs=session_agreement.pairs(others, form, tolerance=session.tolerance),
        cells=cells,
        reviews=reviews,
        graders=session_results.by_grader(reviews),
        spread=session_results.spread(scores, form),
        reference=right,
        reference_name=expert,
    )


def agreement_phrase(view: SessionView) -> str:
    """How far graders agreed, for the list of sessions."""
    scores = session_agreement.without_reference(
        frames.scores(view), frames.reference_name(view.session, view.viewer)
    )
    form = frames.form(view.session.criteria)
    share = _share(session_agreement.pairs(scores, form, tolerance=view.session.tolerance)["is_within"])
    return "too few scores to compare" if share is None else f"{fmt.value('share', share)} of pairs agree"


def headline_html(view: SessionView, found: Results) -> str:
    """The session in one computed sentence."""
    if found.pairs.is_empty():
        said = "There is no contact yet that two graders have scored, so there is nothing to compare."
        return f'<section class="pl-headline"><p class="pl-sentence">{said}</p></section>'
    share = _share(found.pairs["is_within"]) or 0.0
    first = f"<strong>Graders agree on {fmt.value('share', share)} of what two of them scored</strong>"
    weakest = _weakest(found.pairs, view.session.criteria)
    apart = f", least on “{escape(weakest)}”" if weakest else ""
    lean = _leaning(found.graders.filter(pl.col("grader_id") != (found.reference_name or "")))
    edge = "better" if share >= 0.9 else "worse" if share < 0.7 else "neither"
    said = f'<p class="pl-sentence">{first}{apart}{escape(lean)}.</p>'
    return f'<section class="pl-headline pl-edge-{edge}">{said}</section>'


def cards_html(view: SessionView, found: Results) -> str:
    """Four numbers of the session, each with its basis."""
    whole = found.agreement.filter(pl.col("level") == "review").row(0, named=True)
    share = _share(found.pairs["is_within"])
    widest = (
        found.reviews.drop_nulls("score")
        .group_by("contact_id")
        .agg(pl.col("score").min().alias("low"), pl.col("score").max().alias("high"), pl.len().alias("n"))
        .filter(pl.col("n") > 1)
        .sort(pl.col("high") - pl.col("low"), "contact_id", descending=[True, False])
    )
    aligned = _share(found.reviews["alignment_score"])
    basis = _basis(found)
    cards = [
        (
            "Pairs that agree",
            fmt.value("share", share),
            f"{fmt.count(found.pairs.height)} pairs; {words.tolerance_words(view.session.tolerance)}",
        ),
        (
            "Alpha of the review",
            fmt.MISSING if whole["alpha"] is None else f"{whole['alpha']:.2f}",
            interval_words(whole["alpha_lower"], whole["alpha_upper"]) or _first(whole["alpha_note"]),
        ),
        (
            "Alignment score",
            fmt.value("share", aligned),
            f"mean over reviews, against {basis}" if basis else "nothing to compare with yet",
        ),
        (
            "Widest review",
            fmt.MISSING if widest.is_empty() else f"{widest['low'][0]:.0f} to {widest['high'][0]:.0f}",
            "no contact has two reviews"
            if widest.is_empty()
            else f"of 100, contact {widest['contact_id'][0]}",
        ),
    ]
    return (
        '<div class="cal-cards">'
        + "".join(
            f"<div><h3>{escape(name)}</h3><b>{escape(value)}</b><p>{escape(said)}</p></div>"
            for name, value, said in cards
        )
        + "</div>"
    )


def heat_title(view: SessionView, found: Results) -> str:
    """Where graders are furthest apart, in words."""
    apart = found.spread.filter(pl.col("spread") > 0)
    if found.spread.is_empty():
        return "Nothing to compare yet"
    if apart.is_empty():
        return "Every grader gave every contact the same scores"
    labels = {item.criterion_id: item.label for item in view.session.criteria}
    by = apart.group_by("criterion_id").agg(pl.col("spread").sum(), pl.len().alias("n"))
    worst = by.sort("spread", "criterion_id", descending=[True, False]).row(0, named=True)
    return f"Graders are furthest apart on “{labels[worst['criterion_id']]}”"


def graders_title(found: Results) -> str:
    """Who is off, in words; the reference grader is not who is asked about."""
    others = found.graders.filter(pl.col("grader_id") != (found.reference_name or ""))
    if others.is_empty():
        return "Nobody can be compared yet"
    worst = others.sort("n_out", "grader_id", descending=[True, False]).row(0, named=True)
    if worst["n_out"] == 0:
        return "Everyone is within tolerance on everything"
    often = f"{worst['n_out']} of {worst['n_criteria']} scores"
    return f"{worst['grader_id']} is out of tolerance most often: {often}"


def basis_sentence(found: Results) -> str:
    """What scores are held against."""
    basis = _basis(found)
    return f"Held against {basis}" if basis else "There is nothing to hold scores against yet"


def _leaning(graders: pl.DataFrame) -> str:
    """Who leans furthest to one side, where that is more than a review's tolerance."""
    leaning = graders.drop_nulls("lean").filter(pl.col("lean").abs() > NEAR)
    if leaning.is_empty():
        return ""
    row = leaning.sort(pl.col("lean").abs(), descending=True).row(0, named=True)
    way = "milder" if row["lean"] > 0 else "harsher"
    return f"; {row['grader_id']} is {abs(row['lean']):.0f} points {way} than what was right"


def _weakest(two: pl.DataFrame, criteria: Sequence[Criterion]) -> str:
    labels = {item.criterion_id: item.label for item in criteria}
    by = two.group_by("criterion_id").agg(pl.col("is_within").mean()).filter(pl.col("is_within") < 1)
    if by.is_empty():
        return ""
    return labels[by.sort("is_within", "criterion_id")["criterion_id"][0]]


def _basis(found: Results) -> str:
    """On whose word scores are held to be right, the most frequent first."""
    if found.cells.is_empty():
        return ""
    names = {
        session_results.CONSENSUS: "the consensus",
        session_results.REFERENCE: f"the reference grader, {found.reference_name}",
        session_results.MEDIAN: "the median of the graders",
    }
    by = found.cells.group_by("basis").len().sort("len", "basis", descending=[True, False])
    return fmt.listing([names[name] for name in by["basis"]])


def interval_words(lower: float | None, upper: float | None) -> str:
    return "" if lower is None or upper is None else f"{lower:.2f} to {upper:.2f}".replace("-", fmt.MINUS)


def _first(note: str | None) -> str:
    return (note or "nothing to compare yet").split(";")[0]


def _share(values: pl.Series) -> float | None:
    """The mean of values, or of how many are true; None of none."""
    found = values.drop_nulls().cast(pl.Float64)
    return float(found.sum()) / len(found) if len(found) else None
