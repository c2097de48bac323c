"""Alerts as they are lived with: told once, told again when the state changes, never lost."""

from __future__ import annotations

import json
from email import message_from_string
from pathlib import Path

import polars as pl
import pytest

from pipelines.alerts import evaluate, run_alerts
from pipelines.alerts.desk import FILE, _alone
from pipelines.errors import StateError, UsageError
from tests.alerts.conftest import Weeks, level
from tests.alerts.servers import Babble, Hook, Post, closed_port, running

CALM, FALL = level(), level(last=0.5)
SIGNAL = '[[alert]]\nmetric = "fcr"\nwhen = "signal"\nprogram_id = "P1"\nto = "out/alerts.ndjson"\n'


def lines(root: Path) -> list[dict]:
    path = root / "out" / "alerts.ndjson"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def run(workspace, shares, **more):
    reader = Weeks(shares if isinstance(shares, dict) else {None: shares}, **more)
    return run_alerts(workspace, reader, pause=0)


def test_a_level_metric_says_nothing_and_a_signal_is_told_once(rules, tmp_path):
    workspace = rules(SIGNAL)
    assert run(workspace, CALM).told == ()
    outcome = run(workspace, FALL)
    assert (outcome.watched, outcome.count("fired"), outcome.delivered) == (1, 1, 1)
    again = run(workspace, FALL)
    assert (again.told, again.delivered) == ((), 0)
    (line,) = lines(tmp_path)
    assert line["sentence"].startswith(
        "First-contact resolution of program Shop voice: real fall in week of 13 October"
    )
    assert (line["event"], line["state"], line["value"], line["denominator"]) == ("fired", "fall", 0.5, 400)
    assert (line["build_id"], line["as_of"]) == ("b1", "2026-06-30T00:00:00+00:00")
    assert line["only"] == {"program_id": ["P1"]}


def test_the_return_to_the_level_is_told_too_and_a_new_fall_anew(rules, tmp_path):
    workspace = rules(SIGNAL)
    for shares in (FALL, CALM, CALM, FALL):
        run(workspace, shares)
    assert [line["event"] for line in lines(tmp_path)] == ["fired", "over", "fired"]


def test_too_early_to_tell_changes_nothing(rules, tmp_path):
    workspace = rules(SIGNAL)
    for shares in (FALL, level(3), FALL):
        run(workspace, shares)
    assert [line["event"] for line in lines(tmp_path)] == ["fired"]


def test_each_group_has_a_state_of_its_own(rules, tmp_path):
    workspace = rules(SIGNAL + 'by = "site"\n')
    outcome = run(workspace, {"Leeds": CALM, "Bogotá": FALL, None: CALM})
    assert (outcome.watched, outcome.count("fired")) == (3, 1)
    run(workspace, {"Leeds": FALL, "Bogotá": FALL, None: CALM})
    assert [line["group"] for line in lines(tmp_path)] == ["Bogotá", "Leeds"]
    assert "site Bogotá, program Shop voice" in lines(tmp_path)[0]["sentence"]


@pytest.mark.parametrize(
    ("when", "value", "share", "fires"),
    [
        ("above", 0.7, 0.8, True),
        ("above", 0.78, 0.8, False),  # the interval holds the limit
        ("below", 0.7, 0.6, True),
        ("below", 0.62, 0.6, False),
    ],
)
def test_a_limit_is_passed_by_the_whole_interval(rules, when, value, share, fires):
    workspace = rules(
        f'[[alert]]\nmetric = "fcr"\nwhen = "{when}"\nvalue = {value}\nto = "out/alerts.ndjson"\n'
    )
    assert run(workspace, [0.7, share]).count("fired") == fires


def test_a_missed_target_is_told_and_an_open_one_is_not(rules, tmp_path):
    workspace = rules('[[alert]]\nmetric = "fcr"\nwhen = "misses_target"\nto = "out/alerts.ndjson"\n')
    assert run(workspace, [0.6]).told == ()  # no target is in force
    assert run(workspace, [0.6], target=0.62).told == ()  # within the interval
    assert run(workspace, [0.6], target=0.7).count("fired") == 1
    assert "target 70.0% missed" in lines(tmp_path)[0]["sentence"]


def test_a_provisional_week_is_not_judged(rules):
    class Open(Weeks):
        def metrics(self, request):
            return super().metrics(request).with_columns(status=pl.lit("provisional"))

    (rule,) = rules('[[alert]]\nmetric = "fcr"\nwhen = "above"\nvalue = 0.1\nto = "x"\n').alerts
    (found,) = evaluate(Open({None: [0.8]}), [rule])
    assert found.state is None


def test_a_changed_rule_starts_anew(rules, tmp_path):
    limit = '[[alert]]\nname = "low"\nmetric = "fcr"\nwhen = "below"\nvalue = {}\nto = "out/alerts.ndjson"\n'
    run(rules(limit.format(0.9)), [0.6])
    run(rules(limit.format(0.8)), [0.6])
    assert [line["limit"] for line in lines(tmp_path)] == [0.9, 0.8]


def test_an_unknown_metric_or_split_names_the_alert(rules):
    workspace = rules('[[alert]]\nmetric = "fcrr"\nwhen = "signal"\nto = "x"\n')
    with pytest.raises(UsageError, match=r"the alert 'fcrr signal' cannot be judged: .*Did you mean 'fcr'"):
        run(workspace, CALM)
    workspace = rules('[[alert]]\nmetric = "informed_within_2h"\nby = "site"\nwhen = "signal"\nto = "x"\n')
    with pytest.raises(UsageError, match="cannot be split by 'site'"):
        run(workspace, CALM)


def test_a_webhook_gets_json_and_a_hiccup_is_asked_again(rules):
    with running(Hook([503, 429])) as hook:
        outcome = run(rules(SIGNAL.replace("out/alerts.ndjson", hook.address)), FALL)
        assert (outcome.delivered, hook.asked) == (1, 3)
        (posted,) = hook.posted
        assert posted["event"] == "fired"


@pytest.mark.parametrize("answer", [400, 302], ids=["refused", "redirect"])
def test_what_a_webhook_refuses_is_kept_and_tried_again_next_time(rules, answer):
    with running(Hook([answer])) as hook:
        workspace = rules(SIGNAL.replace("out/alerts.ndjson", hook.address))
        outcome = run(workspace, FALL)
        assert (outcome.count("fired"), outcome.delivered, hook.asked) == (1, 0, 1)
        (waiting,) = outcome.waiting
        assert (waiting.messages, waiting.why) == (1, f"it answered {answer}.")
        assert "secret" not in waiting.sink
        after = run(workspace, FALL)
        assert (after.told, after.delivered, after.waiting) == ((), 1, ())
        assert [posted["id"] for posted in hook.posted] == [outcome.told[0]["id"]]


def test_a_webhook_that_speaks_no_http_is_said_in_a_sentence(rules):
    with running(Babble()) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/secret"
        (waiting,) = run(rules(SIGNAL.replace("out/alerts.ndjson", address)), FALL).waiting
    assert waiting.why == "it cannot be reached: BadStatusLine."
    wrong = SIGNAL.replace("out/alerts.ndjson", "http://127.0.0.1:port/x") + 'name = "another"\n'
    (waiting,) = run(rules(wrong), FALL).waiting
    assert "InvalidURL" in waiting.why


def test_a_state_that_cannot_be_kept_is_said(rules, tmp_path):
    workspace = rules(SIGNAL)
    (tmp_path / ".plumbline" / f".{FILE}.tmp").mkdir()
    with pytest.raises(StateError, match="cannot be kept: Is a directory"):
        run(workspace, FALL)
    assert lines(tmp_path) == []


def test_a_sink_that_is_down_loses_nothing_and_holds_up_nobody(rules, tmp_path):
    down = f"http://127.0.0.1:{closed_port()}/x"
    workspace = rules(SIGNAL.replace('"out/alerts.ndjson"', f'["{down}", "out/alerts.ndjson"]'))
    first = run(workspace, FALL)
    assert (first.delivered, first.waiting[0].messages) == (1, 1)
    assert "cannot be reached" in first.waiting[0].why
    second = run(workspace, CALM)
    assert second.waiting[0].messages == 2
    assert [line["event"] for line in lines(tmp_path)] == ["fired", "over"]
    # the webhook is given up: what waited for it is dropped, and said
    gone = run(rules(SIGNAL), CALM)
    assert (gone.dropped, gone.waiting) == (2, ())


def test_a_message_that_was_made_before_a_crash_is_delivered_after_it(rules, tmp_path, monkeypatch):
    workspace = rules(SIGNAL)
    from pipelines.alerts import desk

    def crash(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(desk, "deliver", crash)
        with pytest.raises(KeyboardInterrupt):
            run(workspace, FALL)
    assert lines(tmp_path) == []
    outcome = run(workspace, FALL)
    assert (outcome.told, outcome.delivered) == ((), 1)
    assert lines(tmp_path)[0]["event"] == "fired"


def test_the_state_holds_no_address_and_is_read_by_its_owner_only(rules, tmp_path):
    run(rules(SIGNAL.replace("out/alerts.ndjson", f"http://127.0.0.1:{closed_port()}/secret")), FALL)
    state = tmp_path / ".plumbline" / FILE
    assert "/secret" not in state.read_text("utf-8")
    assert state.stat().st_mode & 0o077 == 0


def test_a_broken_state_is_said_and_not_overwritten(rules, tmp_path):
    workspace = rules(SIGNAL)
    (tmp_path / ".plumbline" / FILE).write_text("{")
    with pytest.raises(StateError, match="remove it, and each alert is told once more"):
        run(workspace, FALL)
    assert (tmp_path / ".plumbline" / FILE).read_text() == "{"


def test_two_runs_at_once_are_one_too_many(rules):
    workspace = rules(SIGNAL)
    with _alone(workspace.state), pytest.raises(StateError, match="another run of the alerts"):
        run(workspace, FALL)


MAIL = SIGNAL.replace("out/alerts.ndjson", "mailto:lead@shop.example") + (
    '[smtp]\nhost = "127.0.0.1"\nport = {}\nfrom = "plumbline@shop.example"\n'
)


def test_a_letter_says_the_sentence(rules):
    with running(Post()) as post:
        assert run(rules(MAIL.format(post.port)), FALL).delivered == 1
    letter = message_from_string(post.letters[0])
    assert (letter["From"], letter["To"]) == ("plumbline@shop.example", "lead@shop.example")
    assert letter["Subject"].startswith("[Shop] fired: fcr signal")
    body = letter.get_payload(decode=True).decode()
    assert "real fall in week of 13 October" in body
    assert "STARTTLS" not in post.commands


def test_a_password_comes_from_the_environment(rules, monkeypatch):
    with running(Post(offers=("AUTH PLAIN",))) as post:
        workspace = rules(MAIL.format(post.port) + 'user = "u"\npassword_env = "SHOP_PASSWORD"\n')
        assert "SHOP_PASSWORD with its password is not set" in run(workspace, FALL).waiting[0].why
        monkeypatch.setenv("SHOP_PASSWORD", "pw")
        assert run(workspace, FALL).delivered == 1
    assert any(command.startswith("AUTH PLAIN") for command in post.commands)


def test_starttls_is_used_where_it_is_offered_and_never_given_up_for_clear_text(rules):
    with running(Post(offers=("STARTTLS",))) as post:
        outcome = run(rules(MAIL.format(post.port)), FALL)
    assert "STARTTLS" in post.commands
    assert post.letters == []
    assert outcome.waiting[0].why == "it answered 454."


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "down"])
def test_mail_that_is_not_taken_waits(rules, refuses):
    with running(Post(refuses=True)) as post:
        workspace = rules(MAIL.format(post.port if refuses else closed_port()))
        (waiting,) = run(workspace, FALL).waiting
    assert waiting.why == "it refused the address." if refuses else "cannot be reached" in waiting.why
    assert waiting.sink == "mailto:lead@shop.example"
