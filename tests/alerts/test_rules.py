"""What an alert may say in plumbline.toml, and how it is told what it says wrong."""

from __future__ import annotations

import pytest

from pipelines.errors import UsageError


def problems(rules, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        rules(text)
    return str(caught.value)


def test_a_rule_has_a_name_of_its_own_or_one_made_of_the_rest(rules):
    workspace = rules(
        '[[alert]]\nname = "mine"\nmetric = "fcr"\nwhen = "signal"\nto = "a.ndjson"\n'
        '[[alert]]\nmetric = "csat"\nwhen = "below"\nvalue = 0.7\nby = "site"\nchannel = ["voice", "chat"]\n'
        'program_id = "P1"\nover = "month"\nto = ["https://hooks.shop.example/x", "b.ndjson"]\n'
    )
    first, second = workspace.alerts
    assert (first.name, first.over, first.only) == ("mine", "week", {})
    assert second.name == "csat below 0.7 by site · P1 · voice, chat"
    assert (second.value, second.over, second.by) == (0.7, "month", "site")
    assert second.only == {"program_id": ("P1",), "channel": ("voice", "chat")}
    assert second.to == ("https://hooks.shop.example/x", "b.ndjson")


def test_a_mail_server_has_a_port_of_its_own(rules):
    workspace = rules(
        '[[alert]]\nmetric = "fcr"\nwhen = "signal"\nto = "mailto:lead@shop.example"\n'
        '[smtp]\nhost = "mail.shop.example"\nfrom = "p@shop.example"\n'
    )
    assert (workspace.mail.port, workspace.mail.password_env) == (587, None)


GOOD = {"metric": '"fcr"', "when": '"signal"', "to": '"a.ndjson"'}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"metric": None}, "it needs 'metric' as text"),
        ({"when": '"sometimes"'}, "'when' is 'sometimes', but it is one of signal, above, below"),
        ({"when": '"above"'}, "'above' needs a 'value' to compare with"),
        ({"when": '"above"', "value": "true"}, "'above' needs a 'value' to compare with"),
        ({"value": "0.5"}, "'value' means nothing to 'signal'"),
        ({"over": '"month"'}, "a control chart is read by week"),
        ({"when": '"misses_target"', "over": '"year"'}, "'over' is 'year', but it is one of week"),
        ({"by": '"agent_id"'}, "'by' is 'agent_id', but an alert is split by one of program_id"),
        ({"agent_id": '"A1"'}, "unknown key 'agent_id'"),
        ({"chanel": '"voice"'}, "unknown key 'chanel'. Did you mean 'channel'?"),
        ({"channel": "[1]"}, "'channel' must be a text or a list of texts"),
        ({"to": "[]"}, "'to' must be a text or a list of texts"),
        ({"to": '"https://"'}, "'https://' is no webhook"),
        ({"to": '"mailto:lead@shop.example"'}, "mail needs the server's [smtp] table"),
        ({"to": '"http://hooks.shop.example/token"'}, "'http://hooks.shop.example' is no webhook"),
        ({"to": '"ftp://127.0.0.1/x"'}, "'ftp://127.0.0.1' is no webhook; it must be https, or http on"),
        ({"name": "3"}, "'name' must be text"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_rule_is_told_in_a_sentence(rules, changed, sentence):
    lines = {**GOOD, **changed}
    text = "[[alert]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items() if value)
    said = problems(rules, text)
    assert f"[[alert]] 1: {sentence}" in said
    assert "token" not in said


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('password = "x"', "[smtp] holds a password; put it into an environment variable"),
        ("port = 0", "'smtp.port' is 0, but it must be a number from 1 to 65535"),
        ("port = true", "'smtp.port' is True"),
        ("user = 1", "'smtp.user' must be text"),
        ('hots = "x"', "unknown key 'smtp.hots'. Did you mean 'host'?"),
        ('from = ""', "[smtp] needs 'from' as text"),
        ('from = "p@shop.example\\nBcc: x@shop.example"', "'smtp.from' must be one word"),
    ],
    ids=["password", "port", "boolean", "user", "unknown", "sender", "lines"],
)
def test_a_wrong_mail_server_is_told_in_a_sentence(rules, line, sentence):
    own = '[smtp]\nhost = "h"\n' + ("" if line.startswith("from") else 'from = "p@shop.example"\n') + line
    said = problems(rules, own)
    assert sentence in said
    assert '"x"' not in said


def test_an_address_is_one_word(rules):
    mail = '[smtp]\nhost = "h"\nfrom = "p@shop.example"\n'
    for to in ("mailto:lead", "mailto:a@shop.example\\nBcc: b@shop.example"):
        text = f'[[alert]]\nmetric = "fcr"\nwhen = "signal"\nto = "{to}"\n' + mail
        assert "has no address after mailto:" in problems(rules, text)


def test_two_rules_of_one_name_are_refused(rules):
    one = '[[alert]]\nmetric = "fcr"\nwhen = "signal"\nto = "a.ndjson"\n'
    assert "two alerts are called 'fcr signal'" in problems(rules, one * 2)


def test_all_wrong_rules_are_told_at_once(rules):
    said = problems(rules, '[[alert]]\nmetric = "fcr"\n[[alert]]\nwhen = "below"\nto = "x"\n')
    assert "[[alert]] 1: it needs 'when'" in said
    assert "[[alert]] 2: it needs 'metric'" in said
    assert "'alert' must be written as [[alert]]" in problems(rules, "alert = 3\n")
