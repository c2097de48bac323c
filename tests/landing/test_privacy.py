"""Nothing of a customer reaches the disk: not in rows, not in rejects, not in accounts."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from tests.landing.bad_rows import make
from tests.landing.desk import CONTACTS, Desk

RATINGS = "review_id,contact_id,grader_id,scorecard_id,version,criterion_id,score,reviewed_at,comment\n"
SECRETS = ("ann.lee@example.com", "555-123-4567", "+44 20 7123 4567", "CUST-00042", "bob@shop.example")


def everything_kept(state: Path) -> str:
    """All bytes of the state folder, Parquet unpacked, as text."""
    texts = []
    for path in state.rglob("*"):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            texts += [
                value
                for name in frame.columns
                for value in frame[name].cast(pl.String).drop_nulls().to_list()
            ]
        if path.is_file():
            texts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(texts)


def test_no_address_number_or_customer_is_kept(desk: Desk) -> None:
    desk.write(
        "contacts.csv",
        CONTACTS.replace("\n", ",order_id,notes\n")
        + "c1,P1,ann.lee@example.com,chat,wismo,2024-01-01,o1,ann.lee@example.com\n"
        + "c2,P1,CUST-00042,ann.lee@example.com,wismo,2024-01-01,o1,\n"
        + "c3,P1,CUST-00042,chat,wismo,call 555-123-4567,o1,\n"
        + "c4,P1,CUST-00042,chat,wismo,2024-01-01,bob@shop.example,\n"
        + "c5,P1,CUST-00042,chat,wismo,2024-01-01,o1,,CUST-00042 is one field too many\n"
        + 'c6,P1,CUST-00042,chat,wismo,2024-01-01,o1,"never closed ann.lee@example.com\n',
    )
    desk.write(
        "qa_ratings.csv",
        RATINGS
        + 'r1,c1,g1,S,1,k1,3,2024-01-01,"told ann.lee@example.com to ring +44 20 7123 4567"\n'
        + "r2,c1,g1,S,1,k1,many,2024-01-01,ann.lee@example.com\n",
    )
    desk.write(
        "order_outcomes.csv",
        "outcome_id,order_id,kind,amount,occurred_at,reason\n"
        "1,o1,refund,5,2024-01-01,bob@shop.example asked at 555-123-4567\n",
    )
    report = desk.land()
    assert report.refused == ()
    kept = everything_kept(desk.root / ".plumbline")
    assert [secret for secret in SECRETS if secret in kept] == []
    assert "told [e-mail] to ring [phone]" in kept


def test_nothing_of_a_large_file_is_kept(desk: Desk) -> None:
    made = make(200, 500)
    desk.write("contacts.csv", made.content)
    desk.land_one()
    kept = everything_kept(desk.root / ".plumbline")
    assert re.findall(r"[\w.]+@example\.com", kept) == []
    assert re.findall(r"customer\d+", kept) == []
