"""The refund ledger: its lines add up, are the metrics' own, and open to their rows."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from pipelines.errors import UsageError
from pipelines.metrics.ledger import FIGURES, ledger, ledger_rows
from pipelines.reader import MetricRequest, Reader

DAYS = (date(2025, 9, 1), date(2026, 4, 30))
CENT = 1e-6


def value(reader: Reader, key: str, **request) -> dict:
    return reader.metrics(MetricRequest(metrics=(key,), start=DAYS[0], end=DAYS[1], **request)).row(
        0, named=True
    )


@pytest.mark.parametrize("by", [(), ("program_id",), ("site", "issue")])
def test_its_lines_add_up_in_every_group(reader: Reader, by: tuple[str, ...]):
    rows = reader.ledger(by, *DAYS)
    assert rows.height >= 1
    at_stake, parts = rows["at_stake"], rows["refunds"] + rows["chargebacks"] + rows["retained"]
    assert (at_stake - parts).abs().max() < CENT
    assert (rows["net"] - (rows["retained"] - rows["concessions"])).abs().max() < CENT
    kinds = rows["healthy"] + rows["deflected"] + rows["undecided"] + rows["partly"]
    assert (rows["retained"] - kinds).abs().max() < CENT
    whole = reader.ledger((), *DAYS)
    for each in FIGURES:
        assert rows[each.key].sum() == pytest.approx(whole[each.key].sum(), abs=CENT)
    assert whole["claw_backs"][0] > 0
    assert whole["chargebacks"][0] > 0


def test_its_figures_are_those_of_the_metrics(reader: Reader):
    (row,) = reader.ledger((), *DAYS).iter_rows(named=True)
    retained, net = value(reader, "value_retained"), value(reader, "net_value_retained")
    assert (row["retained"], row["net"]) == (retained["value"], net["value"])
    assert (row["n_stakes"], row["n_pending"]) == (retained["denominator"], retained["pending"])
    avoided = value(reader, "refund_avoidance")
    assert (row["n_avoided"], row["n_stakes"]) == (avoided["numerator"], avoided["denominator"])
    for key, count in (("healthy_avoidance", "n_healthy"), ("deflection", "n_deflected")):
        metric = value(reader, key)
        assert (row[count], row["n_decided"]) == (metric["numerator"], metric["denominator"])


@pytest.mark.parametrize("key", [each.key for each in FIGURES])
def test_every_figure_opens_to_the_rows_that_make_it(reader: Reader, key: str):
    filters = (("channel", ("voice", "chat", "email")),)
    for row in reader.ledger(("program_id",), *DAYS, filters).iter_rows(named=True):
        group = (("program_id", row["program_id"]), ("currency", row["currency"]))
        rows, count = reader.ledger_rows(key, *DAYS, filters, group, 20_000)
        assert rows.height == count
        assert float(rows["amount"].sum() or 0) == pytest.approx(row[key], abs=CENT)
        assert rows["contact_id"].n_unique() == count
        assert rows["amount"].to_list() == sorted(rows["amount"].to_list(), reverse=True)
        assert "customer_id" not in rows.columns


def test_rows_are_cut_and_counted(reader: Reader):
    rows, count = reader.ledger_rows("at_stake", limit=3)
    assert rows.height == 3
    assert count > 3


def test_an_unknown_figure_or_dimension_is_refused_in_words(reader: Reader):
    with pytest.raises(UsageError, match=r"has no figure 'retaind'.*Did you mean 'retained'"):
        reader.ledger_rows("retaind")
    with pytest.raises(UsageError, match="unknown dimension 'tenure'"):
        reader.ledger(("tenure",))


def test_currencies_are_never_added():
    con = duckdb.connect()
    con.execute(
        """
        create table programs as select * from (values ('uk', 'in_house'), ('us', 'in_house'))
            programs(program_id, operating_model);
        create table agents as
            select 'a' as agent_id, 'Leeds' as site, 'One' as team, null::varchar as region;
        create table order_outcomes as select 'o1' as order_id, 'chargeback' as kind,
            timestamp '2026-01-05' as occurred_at, 4.00::decimal(18, 4) as program_amount;
        create table stakes as
            select *, timestamp '2026-01-01' as opened_at, date '2026-01-01' as opened_date,
            timestamp '2026-01-31' as window_ends_at, at_stake - refunded as retained, 'refund' as issue,
            'chat' as channel, 'a' as agent_id, at_stake as order_amount, 0::decimal(18, 4) as clawed_back,
            true as is_mature, refunded = 0 as is_avoided, true as is_healthy_mature,
            refunded = 0 as is_healthy, false as has_repeat, false as has_chargeback, false as is_csat_low
        from (values
            ('c1', 'o1', 'uk', 'GBP', 10.00::decimal(18, 4), 6.00::decimal(18, 4), 0::decimal(18, 4)),
            ('c2', 'o2', 'us', 'USD', 20.00, 0.00, 5.00)
        ) stakes(contact_id, order_id, program_id, currency, at_stake, refunded, concessions);
        """
    )
    rows = ledger(con, MetricRequest(metrics=("value_retained",), by=("site",)))
    assert rows["currency"].to_list() == ["GBP", "USD"]
    amounts = rows.select("at_stake", "refunds", "chargebacks", "retained", "concessions", "net", "healthy")
    assert amounts.rows() == [
        (10.0, 2.0, 4.0, 4.0, 0.0, 4.0, 0.0),
        (20.0, 0.0, 0.0, 20.0, 5.0, 15.0, 20.0),
    ]
    of_pounds, count = ledger_rows(
        con, MetricRequest(metrics=("value_retained",)), "net", {"currency": "GBP"}, limit=10
    )
    assert (of_pounds["contact_id"].to_list(), count) == (["c1"], 1)
