"""The pages of definitions, read by the quick parser, say what PyYAML's own says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.definitions import parsed
from pipelines.warehouse.models import SQL_FOLDER

PAGES = sorted([*SQL_FOLDER.rglob("*.yml"), *Path("pipelines").rglob("*.yml")])


def test_there_are_pages() -> None:
    assert {"columns.yml", "fcr.yml", "canonical.yml"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_reads_the_same(page: Path) -> None:
    text = page.read_text("utf-8")
    assert parsed(text) == yaml.safe_load(text)


def test_a_page_holds_plain_values_only() -> None:
    with pytest.raises(yaml.YAMLError):
        parsed("key: !!python/object/apply:os.getcwd []")
