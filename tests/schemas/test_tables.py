"""docs/domain.md is made from the tables, and is what they say now."""

from schemas import identity, tables
from schemas.acts import BY_KIND
from schemas.conflicts import TABLE
from schemas.entries import Duty
from schemas.rules import Delivery, Inner, Money


def test_the_page_is_not_stale() -> None:
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page(), "run python -m schemas.tables"


def test_the_page_has_every_act_and_every_conflict() -> None:
    page = tables.page()
    assert all(f"<br>`{kind}`" in page for kind in BY_KIND)
    assert all(f"<br>`{row.name}`" in page for row in TABLE)


def test_a_jurist_finds_every_state_role_machine_and_rule_in_words() -> None:
    page = tables.page()
    assert set(tables._INNER) == set(Inner)
    assert set(tables._MONEY) == set(Money)
    assert set(tables._DELIVERY) == set(Delivery)
    assert set(tables._DUTIES) == {duty.value for duty in Duty}
    assert tables._ALSO.keys() <= BY_KIND.keys()
    assert all(rule.words in page for rule in identity.RULES)
    acts = page.partition("## Nội dung của từng việc")[0]
    cells = {
        word for row in acts.splitlines() for cell in row.split("|") for word in cell.strip().split(", ")
    }
    assert cells.isdisjoint({"none", "waiting", "served", "open", "closed", "receive", "`receive`"})
