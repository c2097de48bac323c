"""`plumbline report --alerts` on a loaded workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.alerts.servers import closed_port

SOURCES = '[workspace]\nname = "shop"\n[[source]]\nfiles = "*.csv"\npreset = "canonical"\n'
RULE = '[[alert]]\nmetric = "csat"\nwhen = "below"\nvalue = 0.9\nby = "channel"\nto = "{}"\n'
FACTS = {
    *(
        "id",
        "event",
        "alert",
        "sentence",
        "state",
        "metric",
        "label",
        "unit",
        "period_start",
        "value",
        "lower",
    ),
    *("upper", "denominator", "limit", "by", "group", "only", "workspace", "build_id", "as_of"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty unhappy callers and fifty happy chats in one week."""
    root = tmp_path_factory.mktemp("shop")
    (root / "plumbline.toml").write_text(SOURCES)
    (root / "programs.csv").write_text("program_id,program_name,timezone,currency\nP1,Shop,UTC,USD\n")
    when = "2026-01-06T10:00:00,2026-01-06T10:10:00"
    people = enumerate([("voice", 2)] * 50 + [("chat", 5)] * 50)
    rows = [
        f"K{at},P1,jo{at}@shop.example,A{at % 3},{channel},wismo,{when},{score}\n"
        for at, (channel, score) in people
    ]
    (root / "contacts.csv").write_text(
        "contact_id,program_id,customer_id,agent_id,channel,issue,opened_at,closed_at,csat_score\n"
        + "".join(rows)
    )
    (root / "agents.csv").write_text(
        "agent_id,agent_name,program_id\n" + "".join(f"A{n},Ada {n},P1\n" for n in range(3))
    )
    assert main(["load", "--workspace", str(root), "--as-of", "2026-03-01"]) == 0
    return root


def alerts(shop: Path, rule: str, *more: str) -> int:
    (shop / "plumbline.toml").write_text(SOURCES + rule)
    return main(["report", "--alerts", "--workspace", str(shop), *more])


def test_what_fired_is_printed_once_and_names_nobody(shop, capsys):
    assert alerts(shop, RULE.format("told.ndjson"), "--format", "json") == 0
    printed = capsys.readouterr()
    (message,) = json.loads(printed.out)
    assert printed.err == "2 watched: 1 fired, 0 over; 1 delivered.\n"
    assert (message["group"], message["value"], message["denominator"]) == ("voice", 0.0, 50)
    assert set(message) == FACTS
    assert json.loads((shop / "told.ndjson").read_text()) == message
    assert not any(name in printed.out for name in ("Ada", "jo1", "K1", "c_"))
    assert alerts(shop, RULE.format("told.ndjson"), "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_sink_that_is_down_is_said_and_ends_with_1(shop, capsys):
    rule = RULE.format(f"http://127.0.0.1:{closed_port()}/token").replace("0.9", "0.8")
    assert alerts(shop, rule) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(
        "fired: csat below 0.8 by channel: Customer satisfaction, top two of channel"
    )
    assert "1 wait for http://127.0.0.1:" in printed.err
    assert "tried again next time: it cannot be reached" in printed.err
    assert "token" not in printed.err


@pytest.mark.parametrize(
    ("rule", "more", "sentence"),
    [
        ("", (), "has no [[alert]]; write one to be told of changes"),
        (RULE.format("x"), ("--format", "pdf"), "alerts are printed as table or json, not as pdf"),
        (RULE.format("x"), ("--program", "P1"), "an alert says itself what it watches"),
        (RULE.format("x").replace("csat", "csta"), (), "cannot be judged: unknown metric 'csta'"),
        (RULE.format("x").replace("0.9", '"low"'), (), "'below' needs a 'value'"),
    ],
    ids=["no rule", "format", "program", "metric", "value"],
)
def test_what_is_asked_wrongly_ends_with_2(shop, capsys, rule, more, sentence):
    assert alerts(shop, rule, *more) == 2
    assert sentence in capsys.readouterr().err


def test_check_names_a_rule_that_cannot_be_judged(shop, capsys):
    (shop / "plumbline.toml").write_text(SOURCES + RULE.format("x").replace("csat", "csta"))
    assert main(["check", "--workspace", str(shop)]) == 2
    assert "the alert 'csta below 0.9 by channel' cannot be judged: unknown metric" in capsys.readouterr().err


def test_a_report_and_alerts_are_two_things(shop, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["report", "--alerts", "--output", "x.html", "--workspace", str(shop)])
    assert ended.value.code == 2
    assert (
        main(["report", "--output", str(shop / "x.html"), "--format", "json", "--workspace", str(shop)]) == 2
    )
    assert "'json' is a format of --alerts" in capsys.readouterr().err
