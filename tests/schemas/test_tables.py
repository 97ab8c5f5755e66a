"""docs/domain.md is made from the tables, and is what they say now."""

from schemas import tables
from schemas.acts import BY_KIND
from schemas.conflicts import TABLE


def test_the_page_is_not_stale() -> None:
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page(), "run python -m schemas.tables"


def test_the_page_has_every_act_and_every_conflict() -> None:
    page = tables.page()
    assert all(f"<br>`{kind}`" in page for kind in BY_KIND)
    assert all(f"<br>`{row.name}`" in page for row in TABLE)
