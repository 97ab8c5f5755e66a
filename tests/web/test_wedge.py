"""A scanner at any page: a citizen card opens a reception, a paper's code its dossier."""

from __future__ import annotations

from tests.centres import SmallCentre
from tests.web.clerk import CARD, Answer, Clerk


def scan(clerk: Clerk, code: str) -> Answer:
    """What the page sends when something was scanned while nobody was typing."""
    return clerk.press(clerk.open("/find"), "/scan", identity=code)


def test_a_card_that_is_scanned_anywhere_opens_a_reception_with_it(centre: SmallCentre) -> None:
    """The same request goes on: what is on the card stands in no address."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    answer = scan(clerk, CARD)
    assert answer.status == 307
    assert answer.leads_to.endswith("/counter")
    form = clerk.open("/find").page.form("/scan")
    opened = clerk.post("/counter", {**form.fields, "identity": CARD})
    assert opened.page.form("/counter").fields["name"] == "Nông Văn Thắng"
    saved = clerk.press(opened, "/counter", ("act", "save"))
    assert saved.status == 422  # nothing is chosen yet, and nothing is lost
    assert saved.page.form("/counter").fields["name"] == "Nông Văn Thắng"


def test_a_number_that_is_scanned_opens_its_dossier_for_everybody(centre: SmallCentre) -> None:
    dossier = centre.receive()
    assert dossier.received is not None
    clerk = Clerk(centre, "counter-01", "van.lt")
    assert scan(clerk, dossier.received.number).leads_to.endswith(f"/dossier/{dossier.stream}")


def test_what_nobody_knows_and_a_card_for_who_may_not_receive_are_told(centre: SmallCentre) -> None:
    cashier = Clerk(centre, "counter-01", "van.lt")
    for code in (CARD, "8936012345678"):
        answer = scan(cashier, code)
        assert answer.status == 422
        assert "Mã vừa quét không mở được trang nào" in answer.page.text
        assert "Nông Văn Thắng" not in answer.page.text
