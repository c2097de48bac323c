"""`plumbline erase`: the customer is out of everything, and stays out."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.cli import main
from pipelines.landing import erased
from pipelines.landing.batch import read_batches
from pipelines.landing.shortened import MARK
from pipelines.settings import read_workspace
from pipelines.sources.pseudonyms import pseudonym
from pipelines.store import (
    Criterion,
    NewSession,
    SampledContact,
    Score,
    create_session,
    new_id,
    open_store,
    session,
    submit,
)
from pipelines.warehouse import load, read_pointer

FILES = {
    "programs.csv": "program_id,program_name,timezone,currency\nP1,Shop,UTC,USD\n",
    "contacts.csv": (
        "contact_id,program_id,customer_id,order_id,channel,issue,opened_at,closed_at\n"
        "K1,P1,jane@example.com,O1,voice,wismo,2026-01-05T10:00:00Z,2026-01-05T10:10:00Z\n"
        "K2,P1,Bob,O2,chat,wismo,2026-01-06T10:00:00Z,2026-01-06T10:10:00Z\n"
        "K3,P1,JANE@example.com,,chat,refund,2026-01-07T10:00:00Z,2026-01-07T10:10:00Z\n"
        "K4,P1,,O1,chat,other,2026-01-08T10:00:00Z,2026-01-08T10:10:00Z\n"
        "K5,P1,Bob,O1,chat,other,2026-01-09T10:00:00Z,2026-01-09T10:10:00Z\n"
    ),
    "orders.csv": (
        "order_id,program_id,customer_id,ordered_at,amount\n"
        "O1,P1,jane@example.com,2026-01-01T10:00:00Z,10.00\n"
        "O2,P1,Bob,2026-01-01T11:00:00Z,20.00\n"
    ),
    "order_outcomes.csv": (
        "outcome_id,order_id,kind,amount,occurred_at\n"
        "R1,O1,refund,5.00,2026-01-10T10:00:00Z\n"
        "R2,O2,refund,6.00,2026-01-10T11:00:00Z\n"
    ),
    "scorecards.csv": (
        "scorecard_id,version,criterion_id,label,min,max,weight,scale\nS,1,tone,Tone,1,5,1,ordinal\n"
    ),
    "qa_ratings.csv": (
        "review_id,contact_id,grader_id,scorecard_id,version,criterion_id,score,reviewed_at\n"
        "Q1,K1,g,S,1,tone,5,2026-01-11T10:00:00Z\n"
        "Q2,K2,g,S,1,tone,4,2026-01-11T11:00:00Z\n"
    ),
}  # fmt: skip
TABLES = [name.removesuffix(".csv") for name in FILES]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded workspace of Jane and Bob, to be copied."""
    root = tmp_path_factory.mktemp("erase") / "shop"
    root.mkdir()
    (root / "plumbline.toml").write_text(
        '[workspace]\nname = "shop"\n'
        + "".join(f'[[source]]\nfiles = "{t}*.csv"\npreset = "canonical"\ntable = "{t}"\n' for t in TABLES)
    )
    for name, text in FILES.items():
        (root / name).write_text(text)
    load(read_workspace(root))
    return root


@pytest.fixture
def shop(loaded: Path, tmp_path: Path) -> Path:
    """A loaded workspace of Jane and Bob."""
    shutil.copytree(loaded, tmp_path / "shop", copy_function=shutil.copy2)
    return tmp_path / "shop"


def rows(root: Path, sql: str) -> list[object]:
    with duckdb.connect(str(read_pointer(root / ".plumbline/warehouse").path), read_only=True) as connection:
        return [row[0] for row in connection.sql(sql).fetchall()]


def kept(root: Path) -> dict[str, list[object]]:
    """Ids in the published warehouse."""
    ids = {
        "contacts": "contact_id",
        "orders": "order_id",
        "order_outcomes": "outcome_id",
        "qa_ratings": "review_id",
    }
    return {table: rows(root, f"select {column} from {table} order by 1") for table, column in ids.items()}


WITHOUT_JANE = {"contacts": ["K2", "K5"], "orders": ["O2"], "order_outcomes": ["R2"], "qa_ratings": ["Q2"]}


def erase(root: Path, customer: str = "jane@example.com", *words: str) -> int:
    return main(["erase", customer, "--yes", "--workspace", str(root), *words])


def landed_text(root: Path) -> str:
    return "".join(
        str(pl.read_parquet(path).rows()) for path in sorted((root / ".plumbline/landing").rglob("*.parquet"))
    )


def test_a_customer_goes_from_landing_warehouse_and_older_builds(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(read_workspace(shop))  # a second build
    jane = pseudonym(bytes.fromhex((shop / ".plumbline/key").read_text().strip()), "jane@example.com")
    assert jane in landed_text(shop) and jane in str(rows(shop, "select customer_id from contacts"))
    assert erase(shop) == 0
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()[2:]] == [
        ["contacts", "3"], ["orders", "1"], ["order_outcomes", "1"], ["qa_ratings", "1"],
        ["typed", "in", "0"],
    ]  # fmt: skip
    assert "The exports still name the customer" in err
    assert kept(shop) == WITHOUT_JANE
    text = landed_text(shop)
    assert (jane not in text and "'O1'" not in text.replace("('K5'", "")) or text.count(
        "'O1'"
    ) == 1  # K5 is Bob's
    published = read_pointer(shop / ".plumbline/warehouse").path
    assert [path.name for path in (shop / ".plumbline/warehouse").glob("*.duckdb")] == [published.name]
    assert not (shop / ".plumbline" / erased.UNDER_WAY).exists()


def test_accounts_still_add_up(shop: Path) -> None:
    erase(shop)
    for batch in read_batches(shop / ".plumbline/landing"):
        assert batch.rows_read == batch.rows_landed + batch.rows_rejected
        assert pl.read_parquet(batch.data).height == batch.rows_landed
        assert pl.read_parquet(batch.rejects).height == batch.rows_rejected
    assert rows(shop, "select reason from rejected_rows") == [erased.REASON] * 6
    assert rows(shop, "select line from rejected_rows where file = 'contacts.csv' order by 1") == [2, 4, 5]
    assert rows(shop, "select value from rejected_rows where value is not null") == []


def test_a_later_export_does_not_bring_the_customer_back(shop: Path) -> None:
    erase(shop)
    load(read_workspace(shop))  # the same files
    assert kept(shop) == WITHOUT_JANE
    for name, text in FILES.items():  # a rolling export: the old rows and a new one
        (shop / name.replace(".csv", "_2.csv")).write_text(text)
    later = (
        FILES["contacts.csv"]
        + "K6,P1,jane@example.com,,sms,wismo,2026-02-01T10:00:00Z,2026-02-01T10:10:00Z\n"
    )
    (shop / "contacts_2.csv").write_text(later)
    summary = load(read_workspace(shop))
    assert kept(shop) == WITHOUT_JANE
    (again,) = [account for account in summary.files if account.file == "contacts_2.csv"]
    assert (again.read, again.loaded, again.known, again.rejected) == (6, 0, 2, 4)


def test_the_list_says_of_nobody_who_they_are(shop: Path) -> None:
    erase(shop)
    words = (shop / ".plumbline" / erased.LIST).read_text().split()
    assert sorted(word[:2] for word in words) == ["c_", "k_", "k_", "k_", "o_"]
    patterns = {"c": r"c_[0-9A-Za-z_-]{10}", "k": r"k_[0-9a-f]{32}", "o": r"o_[0-9a-f]{32}"}
    assert all(re.fullmatch(patterns[word[0]], word) for word in words)


def test_a_pseudonym_is_taken_as_it_is(shop: Path) -> None:
    (jane,) = rows(shop, "select customer_id from orders where order_id = 'O1'")
    assert erase(shop, str(jane)) == 0
    assert kept(shop) == WITHOUT_JANE
    assert erase(shop, str(jane)) == 0  # once more, and it is said that it was done
    assert kept(shop) == WITHOUT_JANE


def test_an_id_that_looks_like_a_pseudonym_is_an_id(shop: Path) -> None:
    orders = FILES["orders.csv"] + "O3,P1,c_1234567890,2026-01-02T11:00:00Z,20.00\n"
    (shop / "orders.csv").write_text(orders)
    load(read_workspace(shop))
    assert erase(shop, "c_1234567890") == 0
    assert kept(shop)["orders"] == ["O1", "O2"]


def as_earlier_versions_wrote(root: Path) -> dict[str, str]:
    """Put the whole hash in hex in every pseudonym's place; returns them by what they are now."""
    key = bytes.fromhex((root / ".plumbline/key").read_text())
    long = {}
    for name in ("jane@example.com", "Bob"):
        digest = hashlib.blake2b(name.encode(), key=key, digest_size=16)
        long[pseudonym(key, name)] = "c_" + digest.hexdigest()
    for batch in read_batches(root / ".plumbline/landing"):
        rows = pl.read_parquet(batch.data)
        if "customer_id" in rows.columns:
            rows.with_columns(pl.col("customer_id").replace(long)).write_parquet(batch.data)
    (root / ".plumbline/landing" / MARK).unlink()
    return long


@pytest.mark.parametrize("cut_short", [False, True])
def test_long_pseudonyms_of_earlier_versions_stay_the_same_customers(shop: Path, cut_short: bool) -> None:
    before = rows(shop, "select customer_id from contacts order by contact_id")
    long = as_earlier_versions_wrote(shop)
    assert any(word in landed_text(shop) for word in long.values())
    (shop / "contacts.csv").unlink()  # what was landed of it stays
    (shop / "contacts_2.csv").write_text(
        FILES["contacts.csv"].splitlines()[0] + "\nK6,P1,Bob,,chat,wismo,2026-01-07T10:00:00Z,\n"
    )
    if cut_short:
        first, *_ = [b for b in read_batches(shop / ".plumbline/landing") if b.table == "contacts"]
        landed = pl.read_parquet(first.data)
        landed.with_columns(pl.col("customer_id").replace({v: k for k, v in long.items()})).write_parquet(
            first.data
        )
    load(read_workspace(shop))
    assert (
        rows(shop, "select customer_id from contacts where contact_id <> 'K6' order by contact_id") == before
    )
    assert rows(shop, "select repeats_contact_id from contacts where contact_id = 'K6'") == ["K2"]
    assert not any(word in landed_text(shop) for word in long.values())


def test_who_was_erased_by_an_earlier_version_stays_out(shop: Path) -> None:
    erase(shop)
    state = shop / ".plumbline"
    words = (state / erased.LIST).read_text()
    (jane,) = [word for word in words.split() if word.startswith("c_")]
    long = hashlib.blake2b(
        b"jane@example.com", key=bytes.fromhex((state / "key").read_text()), digest_size=16
    )
    (state / erased.LIST).write_text(words.replace(jane, f"c_{long.hexdigest()}"))
    (state / "landing" / MARK).unlink()
    later = "K7,P1,jane@example.com,,sms,wismo,2026-02-01T10:00:00Z,2026-02-01T10:10:00Z\n"
    (shop / "contacts.csv").write_text(FILES["contacts.csv"] + later)
    load(read_workspace(shop))
    assert kept(shop) == WITHOUT_JANE
    assert (state / erased.LIST).read_text().split() == words.split()


def test_an_earlier_versions_customer_can_be_erased_before_the_next_load(shop: Path) -> None:
    as_earlier_versions_wrote(shop)
    assert erase(shop) == 0
    assert kept(shop) == WITHOUT_JANE


def test_what_was_typed_in_goes_too(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(shop / ".plumbline")
    asked = NewSession(
        name="March", scorecard_id="S", version="1", rule="random", seed=1,
        criteria=(Criterion("tone", "Tone", 1, 5),), graders=("ada", "bob"),
        contacts=(SampledContact("K1"), SampledContact("K2")),
    )  # fmt: skip
    made = create_session(store, asked, by="lead", submit_key=new_id())
    for contact in ("K1", "K2"):
        submit(store, made.session_id, contact, "ada", {"tone": Score(3, "curt")}, submit_key=new_id())
    assert erase(shop) == 0
    assert "typed in" in capsys.readouterr().out
    assert [contact.contact_id for contact in session(store, made.session_id).contacts] == ["K2"]
    store.close()


@pytest.mark.parametrize("cut", ["begun", "half swept", "rejects written", "swept", "published"])
def test_an_erasure_cut_short_is_completed_by_the_next_load(
    shop: Path, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same steps, ended as a power cut would at five points; then an ordinary load."""

    class PowerCut(BaseException):
        pass

    def stop(*_: object, **__: object) -> None:
        raise PowerCut

    real = erased.replace_rows
    done: list[Path] = []

    def first_only(rows: pl.DataFrame, path: Path) -> None:
        if len(done) == (1 if cut == "rejects written" else 2):
            raise PowerCut
        real(rows, path)
        done.append(path)

    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        if cut == "begun":
            patch.setattr(erased, "sweep", stop)
        elif cut in ("half swept", "rejects written"):
            patch.setattr(erased, "replace_rows", first_only)
        elif cut == "swept":
            # The package's `load` is the function; the module of that name is found here.
            patch.setattr(sys.modules["pipelines.warehouse.load"], "_build", stop)
        else:
            patch.setattr(erased, "complete", stop)
        erase(shop)
    assert (shop / ".plumbline" / erased.UNDER_WAY).exists()
    load(read_workspace(shop))
    assert kept(shop) == WITHOUT_JANE
    for batch in read_batches(shop / ".plumbline/landing"):
        assert pl.read_parquet(batch.data).height == batch.rows_landed
        assert pl.read_parquet(batch.rejects).height == batch.rows_rejected
    assert len(list((shop / ".plumbline/warehouse").glob("*.duckdb"))) == 1
    assert not (shop / ".plumbline" / erased.UNDER_WAY).exists()


def test_a_name_that_two_sources_know_must_be_told_apart(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = (shop / "plumbline.toml").read_text()
    for country in ("us", "de"):
        (shop / f"{country}.csv").write_text(FILES["contacts.csv"].replace("K", country).replace("Bob", "77"))
        toml += (
            f'[[source]]\nfiles = "{country}.csv"\npreset = "canonical"\ntable = "contacts"\n'
            f'[source.prefix]\ncustomer_id = "{country}-"\n'
        )
    (shop / "plumbline.toml").write_text(toml)
    load(read_workspace(shop))
    assert erase(shop, "77") == 2
    assert "say which one: 'de-77', 'us-77'" in capsys.readouterr().err
    assert erase(shop, "us-77") == 0
    left = rows(shop, "select contact_id from contacts where contact_id like 'us%' or contact_id like 'de%'")
    assert sorted(str(name) for name in left) == ["de1", "de2", "de3", "de4", "de5", "us1", "us3", "us4"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nobody@example.com", "--yes"], 1, "nothing is kept of that customer"),
        ([" ", "--yes"], 2, "the customer's id is empty"),
        (["Bob"], 2, "add --yes"),
    ],
)
def test_nothing_is_erased_by_mistake(
    shop: Path, words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: PTH123, SIM115 - a pipe with nobody at it
    before = kept(shop)
    assert main(["erase", *words, "--workspace", str(shop)]) == code
    assert message in capsys.readouterr().err
    assert kept(shop) == before and not (shop / ".plumbline" / erased.LIST).exists()


def test_erasing_twice_says_so(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    erase(shop)
    assert erase(shop) == 0
    assert "erased already" in capsys.readouterr().err


def test_a_workspace_never_loaded_has_nobody_to_erase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plumbline.toml").write_text("")
    assert erase(tmp_path) == 1
    assert "nothing was loaded yet" in capsys.readouterr().err
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == '["plumbline.toml"]'
