"""App state that people typed in: never rebuilt, never lost; added to, never changed. Imports errors only.

Calibration sessions, drafts, submitted scores, notes, consensus and disputes, on SQLite or PostgreSQL.
Another's scores are read through `session_view` alone, which keeps blind what is blind.
"""

from pipelines.store.engine import (
    ConflictError,
    Store,
    new_id,
    open_store,
)
from pipelines.store.ratings import erase_contacts, overturned, ratings, review_id
from pipelines.store.records import (
    Consensus,
    Criterion,
    Dispute,
    Draft,
    NewSession,
    Note,
    SampledContact,
    Score,
    SeenContact,
    Session,
    SessionView,
    Submission,
)
from pipelines.store.scoring import history, read_draft, save_draft, submit
from pipelines.store.sessions import (
    add_graders,
    change_due,
    close_session,
    create_session,
    people,
    reopen_session,
    reveal,
    session,
    sessions,
)
from pipelines.store.talk import decide_dispute, disputes, open_dispute, set_consensus, write_note
from pipelines.store.view import session_view

__all__ = [
    "ConflictError",
    "Consensus",
    "Criterion",
    "Dispute",
    "Draft",
    "NewSession",
    "Note",
    "SampledContact",
    "Score",
    "SeenContact",
    "Session",
    "SessionView",
    "Store",
    "Submission",
    "add_graders",
    "change_due",
    "close_session",
    "create_session",
    "decide_dispute",
    "disputes",
    "erase_contacts",
    "history",
    "new_id",
    "open_dispute",
    "open_store",
    "overturned",
    "people",
    "ratings",
    "read_draft",
    "reopen_session",
    "reveal",
    "review_id",
    "save_draft",
    "session",
    "session_view",
    "sessions",
    "set_consensus",
    "submit",
    "write_note",
]
