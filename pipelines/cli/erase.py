"""`plumbline erase`: one customer out of everything that Plumbline keeps."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from pipelines.cli import add_workspace
from pipelines.errors import PlumblineError, StateError, UsageError

if TYPE_CHECKING:
    from pipelines.landing.erased import Belongings
    from pipelines.settings import Workspace

EPILOG = """\
Removes the customer's contacts and orders, the outcomes of those orders, the ratings of those contacts and
what was typed in on them, builds the warehouse anew, deletes the older ones, and keeps a later export of the
same customer out. Cut short, the same command again (or the next load) completes it. The exports themselves
are yours to clean.

example: plumbline erase jane@example.com --yes
"""
_PSEUDONYM = re.compile(r"c_[0-9A-Za-z_-]{10}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline erase`."""
    parser.add_argument(
        "customer_id", metavar="CUSTOMER_ID", help="as the exports name the customer, or the pseudonym (c_…)"
    )
    add_workspace(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    """Erase the customer; prints the rows removed of each table."""
    import polars as pl

    from pipelines.cli._print import print_rows
    from pipelines.landing import erased
    from pipelines.landing.shortened import shorten
    from pipelines.settings import read_workspace
    from pipelines.sources.pseudonyms import workspace_key
    from pipelines.warehouse.publish import only_load

    workspace = read_workspace(args.workspace)
    if not any(workspace.landing.glob("*/*.json")):
        raise StateError(f"nothing was loaded yet in {workspace.root}, so nothing is kept of any customer.")
    key = workspace_key(workspace.state / "key", landed=True)
    with only_load(workspace):
        shorten(workspace)
    was_cut_short = erased.is_under_way(workspace)
    pseudonym, owned = _find(workspace, key, args.customer_id)
    if not any(owned.rows.values()):
        if was_cut_short:
            _rebuild(workspace)
            print("an erasure that was cut short is completed.", file=sys.stderr)
            return 0
        if {pseudonym, args.customer_id.strip()} & erased.Erased.read(workspace.state, key).hashes:
            print("this customer was erased already; nothing is kept.", file=sys.stderr)
            return 0
        raise StateError(
            "nothing is kept of that customer; give the id as the exports have it (an e-mail address, a "
            "number), or the pseudonym that the tables show."
        )
    counts = pl.DataFrame({"table": list(owned.rows), "rows": list(owned.rows.values())})
    if not args.yes:
        _ask(owned.rows)
    with only_load(workspace):
        # First what was typed in: once the landed rows are gone, nothing tells which contacts it was about.
        typed_in = _erase_typed_in(workspace, sorted(owned.contacts))
        erased.begin(workspace, pseudonym, owned)
    _rebuild(workspace)
    print_rows(pl.concat([counts, pl.DataFrame({"table": ["typed in"], "rows": [typed_in]})]), format="table")
    print("erased. The exports still name the customer: clean or delete them.", file=sys.stderr)
    return 0


def _find(workspace: Workspace, key: bytes, customer: str) -> tuple[str, Belongings]:
    """The customer's pseudonym and what is kept: of the id as given, else of it with a source's prefix."""
    from pipelines.landing.erased import belongings
    from pipelines.sources import read_sources
    from pipelines.sources.pseudonyms import pseudonym

    if not customer.strip():
        raise UsageError("the customer's id is empty.")
    if _PSEUDONYM.fullmatch(customer.strip()):
        # an export may have ids that look like one; nobody's pseudonym is another's id but by chance
        owned = belongings(workspace, customer.strip())
        if any(owned.rows.values()):
            return customer.strip(), owned
    exact = pseudonym(key, customer)
    owned = belongings(workspace, exact)
    if any(owned.rows.values()):
        return exact, owned
    prefixes = {part.prefix.get("customer_id") for source in read_sources(workspace) for part in source.parts}
    found: list[tuple[str, str, Belongings]] = []
    for prefix in sorted(filter(None, prefixes)):
        prefixed = pseudonym(key, prefix + customer)
        theirs = belongings(workspace, prefixed)
        if any(theirs.rows.values()):
            found.append((prefix + customer, prefixed, theirs))
    if len(found) > 1:
        names = ", ".join(f"'{name}'" for name, *_ in found)
        raise UsageError(f"several sources know a customer of that id; say which one: {names}.")
    return (found[0][1], found[0][2]) if found else (exact, owned)


def _ask(rows: dict[str, int]) -> None:
    if not sys.stdin.isatty():
        raise UsageError("erasing cannot be undone; add --yes to do it without being asked.")
    said = ", ".join(f"{count:,} {table}" for table, count in rows.items() if count)
    print(f"This removes {said} for good. Erase? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was erased.")


def _erase_typed_in(workspace: Workspace, contacts: list[str]) -> int:
    from pipelines.store import erase_contacts, open_store

    url = workspace.store.address()
    if url is None and not (workspace.state / "app.db").exists():
        return 0
    store = open_store(workspace.state, url=url)
    try:
        return erase_contacts(store, contacts)
    finally:
        store.close()


def _rebuild(workspace: Workspace) -> None:
    """Sweep the landing zone, build without the customer, delete the older builds: a load does all three."""
    from pipelines.warehouse import load, read_pointer

    try:
        as_of = read_pointer(workspace.warehouse).as_of
    except StateError:
        as_of = None
    try:
        load(workspace, as_of=as_of)
    except PlumblineError as error:
        raise StateError(
            f"the customer is on the list of erased, but the warehouse could not be built anew: {error} "
            "Put that right and run the same command again."
        ) from error
