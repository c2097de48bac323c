-- Calibration: sessions, drafts, submitted scores, notes, consensus, disputes.
-- The words here run on SQLite and on PostgreSQL. Rows are added and never changed, drafts excepted.

create table sessions (
    session_id text primary key,
    submit_key text not null unique,
    name text not null check (length(name) between 1 and 200),
    program_id text,
    scorecard_id text not null,
    version text not null,
    rule text not null check (rule in ('random', 'stratified', 'widest', 'picked')),
    rule_detail text not null,
    seed bigint not null,
    tolerance double precision not null check (tolerance >= 0),
    due_on date,
    reference_grader text,
    hides_agent boolean not null,
    hides_graders boolean not null,
    created_by text not null,
    created_at timestamp with time zone not null
);

create table session_criteria (
    session_id text not null references sessions,
    position integer not null,
    criterion_id text not null,
    label text not null,
    section text,
    min double precision not null,
    max double precision not null,
    weight double precision not null,
    auto_fail boolean not null,
    scale text not null check (scale in ('nominal', 'ordinal', 'interval')),
    primary key (session_id, criterion_id),
    check (min < max)
);

create table session_graders (
    session_id text not null references sessions,
    grader_id text not null,
    added_by text not null,
    added_at timestamp with time zone not null,
    primary key (session_id, grader_id)
);

create table session_contacts (
    session_id text not null references sessions,
    contact_id text not null,
    position integer not null,
    is_picked boolean not null,
    reason text not null,
    primary key (session_id, contact_id)
);

create table session_events (
    event_id text primary key,
    session_id text not null references sessions,
    kind text not null check (kind in ('revealed', 'closed', 'reopened', 'due_changed')),
    detail text not null,
    happened_by text not null,
    happened_at timestamp with time zone not null
);

create table drafts (
    session_id text not null references sessions,
    contact_id text not null,
    grader_id text not null,
    version integer not null check (version >= 1),
    body text not null,
    saved_at timestamp with time zone not null,
    primary key (session_id, contact_id, grader_id)
);

create table submissions (
    submission_id text primary key,
    submit_key text not null unique,
    session_id text not null references sessions,
    contact_id text not null,
    grader_id text not null,
    revision integer not null check (revision >= 1),
    supersedes_id text unique references submissions,
    is_after_reveal boolean not null,
    reason text,
    comment text,
    submitted_at timestamp with time zone not null,
    unique (session_id, contact_id, grader_id, revision),
    check ((revision = 1) = (supersedes_id is null))
);

create table submission_scores (
    submission_id text not null references submissions,
    criterion_id text not null,
    score double precision,
    comment text,
    primary key (submission_id, criterion_id)
);

create table notes (
    note_id text primary key,
    submit_key text not null unique,
    session_id text not null references sessions,
    contact_id text not null,
    criterion_id text,
    body text not null check (length(body) between 1 and 10000),
    supersedes_id text unique references notes,
    written_by text not null,
    written_at timestamp with time zone not null
);

create table consensus (
    consensus_id text primary key,
    submit_key text not null unique,
    session_id text not null references sessions,
    contact_id text not null,
    criterion_id text not null,
    revision integer not null check (revision >= 1),
    score double precision,
    reason text not null,
    decided_by text not null,
    decided_at timestamp with time zone not null,
    unique (session_id, contact_id, criterion_id, revision)
);

create table disputes (
    dispute_id text primary key,
    submit_key text not null unique,
    review_id text not null,
    contact_id text not null,
    criterion_id text,
    agent_id text,
    reason text not null check (length(reason) between 1 and 10000),
    opened_by text not null,
    opened_at timestamp with time zone not null
);

create table dispute_decisions (
    decision_id text primary key,
    submit_key text not null unique,
    dispute_id text not null references disputes,
    revision integer not null check (revision >= 1),
    outcome text not null check (outcome in ('upheld', 'overturned')),
    reason text not null check (length(reason) between 1 and 10000),
    corrected_score double precision,
    decided_by text not null,
    decided_at timestamp with time zone not null,
    unique (dispute_id, revision)
);

create index submissions_of_a_session on submissions (session_id, contact_id, grader_id);
create index events_of_a_session on session_events (session_id);
create index notes_of_a_session on notes (session_id, contact_id);
create index disputes_of_a_review on disputes (review_id);
