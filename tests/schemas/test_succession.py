"""Who is central: the authority says it, a later installation takes over, and of two branches one is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from schemas.canonical import to_base64
from schemas.catalog import Catalog
from schemas.entries import Agency, Card, Choice, Duty, Entry, kind_of
from schemas.errors import CatalogBroken
from schemas.events import Document, write
from schemas.seals import sign_decision
from tests.schemas.histories import AGENCY, MORNING, card, key_of, office

ROOT = office().root


def central(number: int) -> Card:
    """The card of one who is, was or wants to be central."""
    name = f"central.{number}"
    own = to_base64(key_of(name).public_key().public_bytes_raw())
    return msgspec.structs.replace(card("central.1"), node=name, ed25519=own)


def said(
    entry: Entry, node: str, after: Sequence[Document], *, signer: str = "", two: bool = True
) -> Document:
    """An entry in the chain; `signer`: whose key signs it beside the node's seal."""
    seq = len(after) + 1
    last = str(after[-1]["_id"]).partition(":")[2] if after else ""
    return write(
        stream=f"{seq:032x}",
        kind=kind_of(entry),
        parents=(),
        at=MORNING,
        node=node,
        seq=seq,
        prev=last,
        catalog=f"{seq - 1}-{last[:16]}" if last else "",
        by="thu",
        with_=("son",) if two else (),
        data=msgspec.to_builtins(entry),
        salt=seq.to_bytes(16),
        seal=key_of(node).sign,
        sign=(lambda message: sign_decision(key_of(signer), ROOT, message)) if signer else None,
        rests_on=() if signer else None,
    )


def chain(*steps: tuple[Entry, str, str]) -> list[Document]:
    documents: list[Document] = []
    for entry, node, signer in steps:
        documents.append(said(entry, node, documents, signer=signer))
    return documents


FIRST = (central(1), "central.1", "ca")
WORD = Agency(AGENCY, "Sở Xây dựng")


def test_a_later_installation_takes_over_with_a_card_that_the_authority_signed() -> None:
    documents = chain(
        FIRST, (WORD, "central.1", ""), (central(2), "central.2", "ca"), (WORD, "central.2", "")
    )
    for run in ([documents], [[one] for one in documents]):
        catalog = Catalog(ROOT)
        for some in run:
            catalog.apply(some)
        assert (catalog.seated, catalog.centre, catalog.number) == ("central.2", "central.2", 4)


@pytest.mark.parametrize(
    "steps",
    [
        [FIRST, (central(2), "central.2", "")],
        [FIRST, (central(2), "central.2", "central.2")],
        [FIRST, (msgspec.structs.replace(central(2), duties=(Duty.DESK,)), "central.2", "ca")],
        [(central(2), "central.2", "ca"), (central(1), "central.1", "ca")],
        [FIRST, (central(2), "central.2", "ca"), (WORD, "central.1", "")],
        [FIRST, (WORD, "central.2", "")],
    ],
    ids=[
        "unsigned",
        "signed by itself",
        "another duty",
        "an earlier one",
        "the one before goes on",
        "no card",
    ],
)
def test_nobody_else_does(steps: list[tuple[Entry, str, str]]) -> None:
    catalog = Catalog(ROOT)
    documents = chain(*steps)
    catalog.apply(documents[:-1])
    before = (catalog.number, catalog.seated, catalog.centre)
    with pytest.raises(CatalogBroken):
        catalog.apply(documents[-1:])
    assert (catalog.number, catalog.seated, catalog.centre) == before


def test_what_the_last_one_said_before_the_new_one_needs_its_own_seal() -> None:
    """No later seal of the same key stands for it."""
    documents = chain(FIRST, (WORD, "central.1", ""), (central(2), "central.2", "ca"))
    documents[1] = {**documents[1], "seal": to_base64(bytes(64))}
    with pytest.raises(CatalogBroken):
        Catalog(ROOT).apply(documents)


def test_a_new_central_is_known_before_it_has_said_anything() -> None:
    """Wherever its card was seen; what that card says is judged by nobody yet."""
    catalog = Catalog(ROOT)
    catalog.apply(chain(FIRST))
    shown = said(central(2), "central.2", [], signer="ca")
    assert catalog.introduce({**shown, "seal": to_base64(bytes(64))}) is None
    assert catalog.introduce(said(central(2), "central.2", [], signer="")) is None
    assert catalog.introduce(shown) is not None
    assert (catalog.seated, catalog.centre) == ("central.1", "central.2")
    assert catalog.latest.card("central.2") is None
    assert catalog.card_of("central.2") == central(2)
    assert catalog.key_of_central("counter-01.1") is None


def test_what_names_the_branch_that_was_not_chosen_is_judged_by_the_last_entry_of_both() -> None:
    both = chain(FIRST, (WORD, "central.1", ""))
    dropped = said(Agency(AGENCY, "Sở Xây dựng, nhánh kia"), "central.1", both)
    name = f"3-{str(dropped['_id']).partition(':')[2][:16]}"
    takes_over = said(central(2), "central.2", both, signer="ca")
    choice = Choice(2, (name,), "Máy nghe sau cùng.")
    catalog, other = Catalog(ROOT), Catalog(ROOT)
    catalog.apply([*both, takes_over, said(choice, "central.2", [*both, takes_over])])
    view = catalog.at(name)
    assert view is not None
    assert view.number == 2
    assert catalog.drops(name)

    other.apply([*both, dropped])
    other.introduce(said(central(3), "central.3", [], signer="ca"))
    other.become(catalog)
    assert (other.name, other.seated, other.centre) == (catalog.name, "central.2", "central.3")


def test_a_choice_needs_two_persons() -> None:
    documents = chain(FIRST)
    alone = said(Choice(1, ("2-0123456789abcdef",), "Một mình."), "central.1", documents, two=False)
    with pytest.raises(CatalogBroken, match="two persons"):
        Catalog(ROOT).apply([*documents, alone])
