"""What a source may say, and how it is told what it says wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.settings import read_workspace
from pipelines.sources import Source, presets, read_sources
from pipelines.sources.config import PART_KEYS, SOURCE_KEYS


def sources(root: Path, text: str) -> tuple[Source, ...]:
    (root / "plumbline.toml").write_text(text, "utf-8")
    return read_sources(read_workspace(root))


def one(root: Path, text: str) -> Source:
    (source,) = sources(root, "[[source]]\n" + text)
    return source


def problems(root: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        sources(root, text)
    return str(caught.value)


def test_a_mapping_of_one_table(tmp_path: Path) -> None:
    source = one(
        tmp_path,
        """
files = ["a/*.csv", "b.csv"]
table = "contacts"
zone = "Europe/London"
delimiter = ";"
columns = {contact_id = "Ticket", csat_score = ""}
values = {channel = {Phone = "voice", "*" = "other"}}
formats = {opened_at = ["%d/%m/%Y", "iso"], closed_at = "epoch_s"}
constants = {program_id = "P1", csat_max = 10}
expressions = {handle_seconds = "cast(Minutes as double) * 60"}
prefix = {order_id = "uk-"}
""",
    )
    (part,) = source.parts
    assert source.files == ("a/*.csv", "b.csv")
    assert (source.name, source.delimiter, part.table, part.zone) == (
        "a/*.csv",
        ";",
        "contacts",
        "Europe/London",
    )
    assert part.columns == {"contact_id": "Ticket"}
    assert part.left_empty == ("csat_score",)
    assert part.values == {"channel": {"phone": "voice", "*": "other"}}
    assert part.formats == {"opened_at": ("%d/%m/%Y", "iso"), "closed_at": ("epoch_s",)}
    assert part.constants == {"program_id": "P1", "csat_max": "10"}
    assert part.expressions == {"handle_seconds": "try_cast(Minutes as double) * 60"}
    assert part.prefix == {"order_id": "uk-"}


def test_one_file_feeds_several_tables(tmp_path: Path) -> None:
    source = one(
        tmp_path,
        """
files = "orders.ndjson"
constants = {program_id = "P1"}
[source.tables.orders]
columns = {order_id = "id"}
[source.tables.refunds]
table = "order_outcomes"
explode = "refunds"
constants = {kind = "refund"}
""",
    )
    assert [(part.name, part.table) for part in source.parts] == [
        ("orders", "orders"),
        ("refunds", "order_outcomes"),
    ]
    orders, refunds = source.parts
    assert orders.constants == {"program_id": "P1"}
    # A field that one of the tables does not have is none of its business.
    assert refunds.constants == {"kind": "refund"}


def test_the_source_has_the_last_word_over_its_preset(tmp_path: Path) -> None:
    preset = one(
        tmp_path, 'files = "x.csv"\npreset = "zendesk_tickets_csv"\nconstants = {program_id = "P1"}\n'
    )
    field = next(iter(preset.parts[0].columns))
    own = one(
        tmp_path,
        'files = "x.csv"\npreset = "zendesk_tickets_csv"\n'
        f'constants = {{program_id = "P1", {field} = "always"}}\n',
    )
    assert field not in own.parts[0].columns
    assert own.parts[0].constants[field] == "always"


def test_every_preset_can_be_read(tmp_path: Path) -> None:
    for name in presets():
        source = one(tmp_path, f'files = "x.csv"\npreset = "{name}"\n')
        assert source.parts


def test_names_and_globs_do_not_change_what_a_mapping_is(tmp_path: Path) -> None:
    a = one(tmp_path, 'files = "a.csv"\nname = "a"\ntable = "contacts"\n')
    b = one(tmp_path, 'files = "b.csv"\nname = "b"\ntable = "contacts"\n')
    c = one(tmp_path, 'files = "a.csv"\ntable = "contacts"\nzone = "Europe/London"\n')
    assert a.mapping_hash(a.parts[0], "contacts") == b.mapping_hash(b.parts[0], "contacts")
    assert a.mapping_hash(a.parts[0], "contacts") != c.mapping_hash(c.parts[0], "contacts")
    assert a.mapping_hash(a.parts[0], "contacts") != a.mapping_hash(a.parts[0], "orders")


def test_sources_of_one_name_are_told_apart(tmp_path: Path) -> None:
    text = '[[source]]\nfiles = "a.csv"\nname = "crm"\ntable = "contacts"\n'
    assert [source.name for source in sources(tmp_path, text + text)] == ["crm", "crm (2)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('files = "a"\ntable = "contacts"\ncolums = {}', "unknown key 'colums'. Did you mean 'columns'?"),
        ('files = "a"\ntable = "contact"', "unknown table 'contact'. Did you mean 'contacts'?"),
        ('files = "a"\npreset = "zendesk"', "unknown preset 'zendesk'"),
        ('files = "a"', "neither 'table' nor 'preset'"),
        ('table = "contacts"', "'files' must be text"),
        (
            'files = "a"\ntable = "contacts"\ncolumns = {contct_id = "x"}',
            "unknown field 'columns.contct_id'. Did you mean 'contact_id'?",
        ),
        (
            'files = "a"\ntable = "contacts"\nvalues = {channel = {Phone = "voise"}}',
            "gives 'voise', which is none of voice, chat",
        ),
        ('files = "a"\ntable = "contacts"\nzone = "London"', "zone 'London' is no IANA time zone"),
        ('files = "a"\ntable = "contacts"\ndecimal = ";"', "decimal must be"),
        ('files = "a"\ntable = "contacts"\ndelimiter = ";;"', "must be one character"),
        ('files = "a"\ntable = "contacts"\nencoding = "utf-99"', "encoding 'utf-99' is unknown"),
        ('files = "a"\ntable = "contacts"\nformat = "xml"', "format 'xml' is none of csv"),
        ('files = "a"\ntable = "contacts"\nformats = {opened_at = "dd/mm/yyyy"}', "is no strftime format"),
        ('files = "a"\ntable = "contacts"\nformats = {channel = "iso"}', "neither a timestamp nor a date"),
        (
            'files = "a"\ntable = "contacts"\ncolumns = {issue = "x"}\nconstants = {issue = "wismo"}',
            "field 'issue' is given by columns and by constants",
        ),
        ('files = "a"\ntable = "contacts"\nexpressions = {issue = "select ((("}', "is no SQL expression"),
        ('files = "a"\ntable = "contacts"\nskip = "nonsense("', "skip is no SQL expression"),
        ('files = "a"\ntable = "qa_ratings"\nunpivot = {colums = ["q*"]}', "unknown key 'unpivot.colums'"),
        (
            'files = "a"\ntable = "qa_ratings"\nunpivot = {columns = ["q*"], name = "criterion"}',
            "unknown field",
        ),
        (
            'files = "a"\npreset = "shopify_orders_api"\n[source.tables.refundz]\nskip = "true"',
            "unknown part 'tables.refundz'",
        ),
        ('files = "a"\n[source.tables.contacts]\nsekip = "true"', "unknown key 'tables.contacts.sekip'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(tmp_path, "[[source]]\n" + text + "\n")


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[[source]]\nname = "one"\nfiles = "a"\ntable = "contacts"\nzonne = "x"\ndecimal = "x"\n'
        '[[source]]\nname = "two"\nfiles = "a"\ntable = "nothing"\n',
    )
    assert "source 1 (one): unknown key 'zonne'" in found
    assert "source 1 (one): decimal" in found
    assert "source 2 (two): unknown table 'nothing'" in found


def test_every_key_is_documented() -> None:
    import pipelines.sources.config as config

    for key in (*SOURCE_KEYS, *PART_KEYS):
        assert key in (config.__doc__ or ""), key
