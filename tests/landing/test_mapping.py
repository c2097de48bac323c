"""Files mapped by configuration alone, from their own columns to landed rows."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest

from tests.landing.desk import Desk, column, is_local, rejects, rows

TICKETS = """Ticket;Kind;Opened;Minutes;Amount;Who
 7 ;Phone;05/01/2024 10:00;1,5;x;ann
8;CHAT;05/02/2024 11:30;;x;bob
9;Fax;05/03/2024 12:00;2;x;
"""
MAPPING = """
[[source]]
files = "tickets.csv"
table = "contacts"
columns = {contact_id = "ticket", channel = "Kind", opened_at = "Opened", customer_id = "Who"}
constants = {program_id = "P1", issue = "other"}
values = {channel = {phone = "voice", "*" = "other"}}
formats = {opened_at = "%m/%d/%Y %H:%M"}
prefix = {contact_id = "t-"}
expressions = {handle_seconds = "cast(replace(Minutes, ',', '.') as double) * 60"}
"""


def test_columns_values_formats_constants_expressions_and_prefix(desk: Desk) -> None:
    desk.write("tickets.csv", TICKETS)
    batch = desk.land_one(MAPPING)
    assert column(batch, "contact_id") == ["t-7", "t-8", "t-9"]
    assert column(batch, "channel") == ["voice", "other", "other"]
    assert column(batch, "opened_at")[1] == datetime(2024, 5, 2, 11, 30)
    assert is_local(batch, "opened_at") == [True] * 3
    assert column(batch, "program_id") == ["P1"] * 3
    assert column(batch, "handle_seconds") == [90, None, 120]
    assert [name is None for name in column(batch, "customer_id")] == [False, False, True]
    assert [warning.note for warning in batch.warnings] == ["columns that nothing uses: 'Amount'"]


def test_values_of_empty_cells_and_every_other_word(desk: Desk) -> None:
    desk.write("a.csv", "id,kind\n1,\n2,Phone\n3,Pigeon\n4,chat\n")
    batch = desk.land_one(
        '[[source]]\nfiles = "a.csv"\ntable = "contacts"\ncolumns = {contact_id = "id", channel = "kind"}\n'
        'constants = {program_id = "P1", issue = "other", opened_at = "2024-01-01"}\n'
        'values = {channel = {"" = "email", phone = "voice"}}\n'
    )
    assert column(batch, "channel") == ["email", "voice", "chat"]
    assert rejects(batch)[0][:3] == (4, "channel", "Pigeon")


def test_a_sources_zone_makes_its_local_times_utc(desk: Desk) -> None:
    desk.write(
        "orders.csv",
        "order_id,program_id,customer_id,ordered_at,amount\n"
        "1,P1,a,2024-03-31T01:30:00,1\n2,P1,a,2024-10-27 01:30:00,1\n3,P1,a,2024-10-27T01:30:00Z,1\n",
    )
    batch = desk.land_one('[[source]]\nfiles = "orders.csv"\npreset = "canonical"\nzone = "Europe/London"\n')
    assert column(batch, "ordered_at") == [
        datetime(2024, 3, 31, 1, 30),
        datetime(2024, 10, 27, 0, 30),
        datetime(2024, 10, 27, 1, 30),
    ]
    assert is_local(batch, "ordered_at") == [False] * 3


def test_decimal_commas(desk: Desk) -> None:
    desk.write(
        "orders.csv", "order_id;program_id;customer_id;ordered_at;amount\n1;P1;a;2024-01-01;1.234,50\n"
    )
    batch = desk.land_one('[[source]]\nfiles = "orders.csv"\npreset = "canonical"\ndecimal = ","\n')
    assert column(batch, "amount") == [Decimal("1234.5000")]


SHEET = "student,rater,day,k1,k2,note\n1,A,2024-01-01,3,,x\n2,A,2024-01-02,1,2,y\n"
SCORES = """
[[source]]
files = "sheet.csv"
table = "qa_ratings"
columns = {contact_id = "student", grader_id = "rater", reviewed_at = "day"}
constants = {scorecard_id = "S", version = "1"}
expressions = {review_id = "concat(student, '-', rater)"}
values = {criterion_id = {k1 = "greeting"}}
unpivot = {columns = ["k?"], name = "criterion_id", value = "score"}
"""


def test_one_column_a_criterion_becomes_one_row_a_criterion(desk: Desk) -> None:
    desk.write("sheet.csv", SHEET)
    batch = desk.land_one(SCORES)
    assert [(r["review_id"], r["criterion_id"], r["score"], r["_line"]) for r in rows(batch)] == [
        ("1-A", "greeting", 3, 2),
        ("1-A", "k2", None, 2),
        ("2-A", "greeting", 1, 3),
        ("2-A", "k2", 2, 3),
    ]
    assert batch.rows_read == 4


def test_empty_scores_can_be_no_rows(desk: Desk) -> None:
    desk.write("sheet.csv", SHEET)
    batch = desk.land_one(SCORES.replace('value = "score"', 'value = "score", empty = "skip"'))
    assert column(batch, "score") == [3, 1, 2]
    assert batch.rows_read == 3
    assert [w.count for w in batch.warnings if "deliberately" in w.note] == [1]


def test_expressions_see_the_unpivoted_name_and_value(desk: Desk) -> None:
    desk.write("sheet.csv", SHEET.replace(",3,,", ",3/5,,").replace(",1,2,", ",1/5,2/5,"))
    mapping = SCORES.replace("expressions = {", "expressions = {score = \"split_part(_value, '/', 1)\", ")
    assert column(desk.land_one(mapping), "score") == [3, None, 1, 2]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("prefix = {order_id = 'ann@'}", 'columns = {order_id = "host"}'),
        ("", 'constants = {order_id = "ann@shop.example"}'),
        ("", "expressions = {order_id = \"concat('ann@', host)\"}"),
    ],
)
def test_an_address_that_only_the_mapping_makes_is_rejected(desk: Desk, more: str, line: str) -> None:
    desk.write(
        "a.csv", "contact_id,program_id,channel,issue,opened_at,host\n1,P,chat,wismo,2024-01-01,a.example\n"
    )
    batch = desk.land_one(f'[[source]]\nfiles = "a.csv"\ntable = "contacts"\n{line}\n{more}\n')
    assert [(where, reason) for _, where, _, reason in rejects(batch)] == [
        ("order_id", "holds an e-mail address, which must not be stored here")
    ]


def test_an_address_as_the_name_of_a_column_that_becomes_a_cell_is_rejected(desk: Desk) -> None:
    desk.write("sheet.csv", SHEET.replace(",k1,", ",k@shop.example,"))
    batch = desk.land_one(SCORES.replace('"k?"', '"k*"').replace("values = ", "# "))
    assert [(line, where) for line, where, *_ in rejects(batch)] == [(2, "criterion_id"), (3, "criterion_id")]


def test_rows_that_are_none_of_the_table_are_skipped_and_counted(desk: Desk) -> None:
    desk.write("tickets.csv", TICKETS)
    batch = desk.land_one(MAPPING + "skip = \"Kind = 'Fax' or Minutes = ''\"\n")
    assert column(batch, "contact_id") == ["t-7", "t-8"]
    assert (batch.rows_read, batch.rows_landed) == (2, 2)
    assert [w.count for w in batch.warnings if "deliberately" in w.note] == [1]


ORDERS = [
    {
        "id": 1,
        "created_at": "2024-01-01T00:00:00Z",
        "total_price": "10.00",
        "customer": {"id": 5},
        "refunds": [],
    },
    {
        "id": 2,
        "created_at": "2024-01-02T00:00:00Z",
        "total_price": "20.00",
        "customer": {"id": 6},
        "refunds": [
            {"created_at": "2024-01-05T00:00:00Z", "transactions": [{"id": 91, "amount": "5.00"}]},
            {"created_at": "2024-01-06T00:00:00Z", "transactions": [{"id": 92, "amount": "x"}]},
        ],
    },
]
SHOP = """
[[source]]
files = "*.ndjson"
same_names = false
constants = {program_id = "P1"}
[source.tables.orders.columns]
order_id = "id"
customer_id = "customer.id"
ordered_at = "created_at"
amount = "total_price"
[source.tables.refunds]
table = "order_outcomes"
explode = "refunds.transactions"
constants = {kind = "refund"}
[source.tables.refunds.columns]
outcome_id = "refunds.transactions.id"
order_id = "id"
occurred_at = "refunds.created_at"
amount = "refunds.transactions.amount"
"""


def test_one_file_feeds_orders_and_refunds(desk: Desk) -> None:
    lines = [json.dumps(order) for order in ORDERS]
    desk.write("orders.ndjson", "\n".join([lines[0], "{broken", lines[1]]) + "\n")
    report = desk.land(SHOP)
    assert report.refused == ()
    orders, refunds = report.batches
    assert (orders.seq, refunds.seq) == (1, 2)
    assert [(r["order_id"], r["amount"], r["_line"]) for r in rows(orders)] == [("1", 10, 1), ("2", 20, 3)]
    assert [(r["outcome_id"], r["order_id"], r["amount"]) for r in rows(refunds)] == [("91", "2", 5)]
    assert rejects(orders) == [(2, None, None, "the line is no JSON object")]
    assert [reject[:3] for reject in rejects(refunds)] == [(2, None, None), (3, "amount", "x")]


def test_header_variations_of_canonical_files(desk: Desk) -> None:
    desk.write(
        "contacts.csv",
        '" Contact ID ",PROGRAM_ID,Customer-Id,channel,Issue,opened at,extra,extra\n'
        "c1,P1,a,chat,wismo,2024-01-01,x,y\n",
    )
    batch = desk.land_one()
    assert column(batch, "contact_id") == ["c1"]
    assert [(warning.note, warning.count) for warning in batch.warnings] == [
        ("columns that nothing uses: 'extra', 'extra'", 2)
    ]


def test_missing_columns_refuse_the_file_or_leave_the_field_empty(desk: Desk) -> None:
    desk.write("tickets.csv", TICKETS)
    reason = desk.refusal(MAPPING.replace('"ticket"', '"Tikcet"'))
    assert "lacks the required column 'Tikcet' (for contact_id) (is it 'Ticket'?) of contacts" in reason
    batch = desk.land_one(MAPPING.replace('"Who"', '"Whom"'))
    assert column(batch, "customer_id") == [None] * 3
    assert any("'Whom' (for customer_id)" in warning.note for warning in batch.warnings)


def test_an_expression_over_columns_that_are_not_there(desk: Desk) -> None:
    desk.write("tickets.csv", TICKETS)
    batch = desk.land_one(MAPPING.replace("replace(Minutes, ',', '.')", "coalesce(Hours, Minutes)"))
    assert column(batch, "handle_seconds") == [None, None, 120]
    assert any("'Hours' is not in the file" in warning.note for warning in batch.warnings)


def test_parquet_and_ndjson_of_the_canonical_tables(desk: Desk) -> None:
    import polars as pl

    frame = pl.DataFrame(
        {
            "order_id": ["1"],
            "program_id": ["P1"],
            "customer_id": [17],
            "ordered_at": [datetime(2024, 7, 1, 12)],
            "amount": [Decimal("9.95")],
        },
        schema_overrides={"amount": pl.Decimal(10, 2)},
    )
    (desk.root / "deep").mkdir()
    frame.write_parquet(desk.root / "orders.parquet")
    desk.write("orders_2.ndjson", '{"order_id": 2, "program_id": "P1", "customer_id": 17, '
               '"ordered_at": "2024-07-01T12:00:00Z", "amount": 9.950}\n')  # fmt: skip
    first, second = desk.land().batches
    assert column(first, "amount") == column(second, "amount") == [Decimal("9.9500")]
    assert column(first, "customer_id") == column(second, "customer_id")
    assert (is_local(first, "ordered_at"), is_local(second, "ordered_at")) == ([True], [False])
