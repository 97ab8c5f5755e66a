"""Where servers are known to differ from CouchDB, as data: what is not asked of them, and what is not compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.differential.histories import Act, Attach, Bring, Bulk, Delete, Detach, Put, PutLocal
from tests.differential.sides import Side


@dataclass(frozen=True, slots=True)
class Apart:
    """An act that is not asked of either server: `what` the other does, and what `couchdb` does, as we do."""

    what: str
    couchdb: str
    is_it: Callable[[Side, Act], bool]


@dataclass(frozen=True, slots=True)
class Unseen:
    """A member of what is shown that is not compared."""

    member: str
    what: str
    couchdb: str


@dataclass(frozen=True, slots=True)
class Words:
    """What the other says where CouchDB, and we, say something else."""

    other: object
    couchdb: object
    when: str


@dataclass(frozen=True, slots=True)
class Differences:
    acts: tuple[Apart, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    words: tuple[Words, ...] = ()
    bulk_in_order: bool = True
    """Whether a _bulk_docs answers, and `_changes` shows its documents, in the order of the request."""

    def apart(self, side: Side, act: Act) -> bool:
        return any(one.is_it(side, act) for one in self.acts)

    def seen(self, shown: Any) -> Any:
        """What of it is compared."""
        match shown:
            case dict():
                hidden = {one.member for one in self.unseen}
                return {name: self.seen(value) for name, value in shown.items() if name not in hidden}
            case list():
                for one in self.words:
                    if shown == one.other:
                        return one.couchdb
                return [self.seen(one) for one in shown]
            case _:
                return shown


def _puts(act: Act) -> tuple[Put, ...]:
    match act:
        case Put():
            return (act,)
        case Bulk(edits):
            return edits
        case _:
            return ()


def _tombstone_with_attachments(_side: Side, act: Act) -> bool:
    return any(put.deleted and (put.keeps or put.attachment is not None) for put in _puts(act))


def _takes_away_without_revision(side: Side, act: Act) -> bool:
    return isinstance(act, Delete | Detach) and side.base(act.doc, act.base) is None


def _takes_away_from_the_deleted(side: Side, act: Act) -> bool:
    return isinstance(act, Delete | Detach) and all(leaf.deleted for leaf in side.leaves(act.doc))


def _builds_on_tombstone(side: Side, act: Act) -> bool:
    edits = _puts(act) if isinstance(act, Put | Bulk) else (act,)
    return any(
        leaf.deleted and leaf.name == side.base(edit.doc, edit.base)
        for edit in edits
        if isinstance(edit, Put | Attach | Detach | Delete)
        for leaf in side.leaves(edit.doc)
    )


def _edits_one_twice_at_once(_side: Side, act: Act) -> bool:
    about = [put.doc for put in _puts(act)]
    return len(set(about)) < len(about)


def _attaches_to_the_deleted(side: Side, act: Act) -> bool:
    if not isinstance(act, Attach):
        return False
    leaves = side.leaves(act.doc)
    return bool(leaves) and all(leaf.deleted for leaf in leaves)


def _detaches_what_is_not_there(side: Side, act: Act) -> bool:
    return isinstance(act, Detach) and not side.has_attachment(act.doc, act.base, act.name)


def _attaches_to_a_loser(side: Side, act: Act) -> bool:
    return isinstance(act, Attach | Detach) and len(side.leaves(act.doc)) > 1


def _lengthens_the_history_of_a_leaf(side: Side, act: Act) -> bool:
    if not isinstance(act, Bring):
        return False
    newest, *older = side.path(act)
    return bool(older) and any(leaf.name == newest for leaf in side.leaves(act.doc))


def _has_no_body(side: Side, act: Act) -> bool:
    return isinstance(act, Attach | Detach | Delete) and side.is_inner(act.doc, act.base)


def _deletes_the_deleted(side: Side, act: Act) -> bool:
    return any(
        put.deleted and side.base(put.doc, put.base) is None and side.leaves(put.doc) for put in _puts(act)
    )


def _local_without_revision(_side: Side, act: Act) -> bool:
    return isinstance(act, PutLocal) and not act.fresh


_OURS: Final = Apart(
    "ignores a longer history of a revision that is already a leaf",
    "ignores it too. Ours takes it, so that trees do not depend on the order of arrival (sync/DESIGN.md)",
    _lengthens_the_history_of_a_leaf,
)
KNOWN: Final = {
    "CouchDB": Differences(acts=(_OURS,)),
    "PouchDB Server": Differences(
        acts=(
            _OURS,
            Apart(
                "drops the attachments of a tombstone",
                "keeps them like other members of its body",
                _tombstone_with_attachments,
            ),
            Apart(
                "deletes the winner, or an attachment of it, without being told its revision",
                "says 409 conflict",
                _takes_away_without_revision,
            ),
            Apart(
                "deletes once more what is deleted, or says 409",
                "says 404 not_found",
                _takes_away_from_the_deleted,
            ),
            Apart(
                "takes a tombstone as base of an edit",
                "says 409 conflict; the document comes back by an edit without base",
                _builds_on_tombstone,
            ),
            Apart(
                "takes several edits of a document in one _bulk_docs in an order of its own, and one above the other",
                "takes them in order, and edits each leaf once",
                _edits_one_twice_at_once,
            ),
            Apart(
                "says 404 where an attachment is put to a deleted document without revision",
                "brings the document back",
                _attaches_to_the_deleted,
            ),
            Apart(
                "makes a revision, or says 500, where an attachment is deleted that is not there",
                "says 404 not_found",
                _detaches_what_is_not_there,
            ),
            Apart(
                "says 409 conflict where an attachment's base has no body, and 404 where a deletion's has none",
                "says 409 not_found, and 409 conflict",
                _has_no_body,
            ),
            Apart(
                "says 409 where an attachment is put to, or deleted from, a leaf that is not the winner",
                "edits any leaf",
                _attaches_to_a_loser,
            ),
            Apart(
                "deletes by PUT or _bulk_docs, without base, what is deleted",
                "says 409 conflict",
                _deletes_the_deleted,
            ),
            Apart(
                "says 409 where a _local document is written without its revision",
                "takes any revision, or none",
                _local_without_revision,
            ),
        ),
        unseen=(
            Unseen("_deleted_conflicts", "does not know deleted_conflicts", "lists deleted leaves that lost"),
            Unseen(
                "revs_diff_inner",
                "says that a revision is missing whose body never came, though a child of it is there",
                "has a revision when it is anywhere in the tree",
            ),
        ),
        bulk_in_order=False,
        words=(Words([201], [200], "a document is deleted by PUT"),),
    ),
}
