"""One write of one batch: what is new, whether the rules allow it, and the rows that it becomes.

The steps, all in the caller's transaction: load the trees of the documents named; *plan* each one (an edit
gets its revision or a conflict, a copy is known or new); ask the *rules* about the new ones; graft what
they accept; write the difference, one new sequence for each document that changed. DESIGN.md, "Writing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import orjson

from sync import rows
from sync.contents import Contents
from sync.documents import Attachment, AttachmentIn, Content, Incoming, Json, Packed, kept_as, new_hash
from sync.errors import Conflict, Forbidden, MissingStub, Refused
from sync.revisions import Rev, Tree, parse_rev
from sync.rows import Summary
from sync.sqlite import Connection


class Arrival(NamedTuple):
    """A revision that was really new here. `doc` has `_id` and `_rev`, and attachments as stubs."""

    id: str
    rev: str
    seq: int
    doc: Json
    source: str | None  # who brought it: a user's name, a peer's id; None: this node itself


# What hangs on arrivals (projections) runs inside the write; an exception takes all of it back.
Arrived: TypeAlias = Callable[[Connection, Sequence[Arrival]], None]

# Given the documents that are new (with `_id`, `_rev` and all that was sent) and their source, a reason
# for each that is refused, None for the others. Runs inside the write transaction.
WriteRules: TypeAlias = Callable[[Sequence[Json], str | None], Sequence[str | None]]


class Outcome(NamedTuple):
    """What became of one document. Without `refusal` it is here, now or already."""

    id: str
    rev: str | None
    refusal: Refused | None = None

    def saved(self) -> Rev:
        """The revision; raises the refusal if there is one."""
        if self.refusal is not None:
            raise self.refusal
        return parse_rev(self.rev)


@dataclass(slots=True)
class _Document:
    """A document while a batch changes it."""

    id: str
    summary: Summary | None
    before: Tree
    tree: Tree
    planned: set[Rev] = field(default_factory=set)
    bases: set[Rev | None] = field(default_factory=set)
    bodies: dict[Rev, tuple[bytes, str | None]] = field(default_factory=dict)

    def refuses(self, base: Rev | None, *, deleted: bool) -> bool:
        """Whether an edit of this base is a conflict: CouchDB's prep_and_validate_update and merge_rev_tree.

        One request may edit several leaves, each once: so a client settles a conflict. A tombstone can be
        edited beside something that lives; where nothing does, only a document without base comes in, and lives.
        """
        leaves = () if self.summary is None else self.summary.leaves
        alive = self.summary is not None and not self.summary.deleted
        if base is None:
            return alive or bool(self.bases) or (deleted and bool(leaves))
        return not alive or base in self.bases or all(leaf.rev != base for leaf in leaves)


class _Plan(NamedTuple):
    """`new`: the revision is not here; otherwise only the path may tell more of its history."""

    document: _Document
    incoming: Incoming
    path: tuple[Rev, ...]
    new: bool
    attachments: tuple[Attachment | AttachmentIn, ...]
    as_sent: Json

    @property
    def name(self) -> tuple[str, Rev]:
        return self.incoming.id, self.path[0]


class Writing:
    """`arrivals()` and `last_seq` (None: nothing changed) are there after `run`."""

    def __init__(
        self, connection: Connection, prefix: str, contents: Contents, *, source: str | None
    ) -> None:
        self._connection = connection
        self._p = prefix
        self._contents = contents
        self._source = source
        self._revs_limit: int = connection.execute(f"SELECT revs_limit FROM {prefix}_meta").fetchone()[0]
        self._arrived: list[tuple[_Plan, int]] = []
        self.last_seq: int | None = None

    def run(
        self, incoming: Sequence[Incoming], *, new_edits: bool, rules: WriteRules | None
    ) -> list[Outcome]:
        """One outcome for each, in order; writes what was taken, inside the caller's transaction."""
        documents = self._load(dict.fromkeys(one.id for one in incoming))
        plan = self._plan_edit if new_edits else self._plan_copy
        plans = [plan(documents[one.id], one) for one in incoming]
        refused = self._judge([one for one in plans if isinstance(one, _Plan) and one.new], rules)
        outcomes = []
        arrived = []
        for one, planned in zip(incoming, plans, strict=True):
            if isinstance(planned, Refused):
                outcomes.append(Outcome(one.id, str(one.path[0]) if one.path else None, planned))
                continue
            refusal = refused.get(planned.name)
            outcomes.append(Outcome(one.id, str(planned.path[0]), refusal))
            if refusal is None and self._graft(planned):
                arrived.append(planned)
        for document in documents.values():
            document.tree = document.tree.stemmed(self._revs_limit)
        seqs = self._save(documents.values())
        self._arrived = [(one, seqs[one.document.id]) for one in arrived]
        return outcomes

    def arrivals(self) -> list[Arrival]:
        """What was really new, in the order of the batch."""
        return [self._arrival(plan, seq) for plan, seq in self._arrived]

    def purge(self, wanted: Mapping[str, Sequence[Rev]]) -> dict[str, list[Rev]]:
        """Forget leaves, and of their history what no other leaf needs; returns the leaves that were there."""
        documents = self._load(wanted)
        purged: dict[str, list[Rev]] = {}
        for doc_id, document in documents.items():
            leaves = document.tree.leaves()
            purged[doc_id] = [rev for rev in dict.fromkeys(wanted[doc_id]) if rev in leaves]
            staying = [leaf for leaf in leaves if leaf not in purged[doc_id]]
            document.tree = document.tree.kept(staying, limit=len(document.tree.nodes))
        self._save(documents.values())
        self._connection.execute(
            f"UPDATE {self._p}_meta SET purge_seq = purge_seq + ?", (sum(map(len, purged.values())),)
        )
        return purged

    def _load(self, ids: Iterable[str]) -> dict[str, _Document]:
        wanted = list(ids)
        known = rows.summaries(self._connection, self._p, wanted)
        trees = rows.trees(self._connection, self._p, [one.number for one in known.values()])
        documents = {}
        for doc_id in wanted:
            summary = known.get(doc_id)
            tree = Tree() if summary is None else trees[summary.number]
            documents[doc_id] = _Document(doc_id, summary, tree, tree)
        return documents

    # ---- planning

    def _plan_edit(self, document: _Document, incoming: Incoming) -> _Plan | Refused:
        """`new_edits=true`: a leaf is edited once; no base only where nothing lives."""
        base = incoming.path[0] if incoming.path else None
        leaves = () if document.summary is None else document.summary.leaves
        if document.refuses(base, deleted=incoming.deleted):
            return Conflict()
        document.bases.add(base)
        # over a tombstone the document goes on, one generation up; it never begins again at 1
        parent = base or (leaves[0].rev if leaves else None)
        attachments = tuple(
            one if isinstance(one, Attachment) else one._replace(revpos=None)  # it is new with this revision
            for one in self._resolved(document, incoming, () if base is None else (base,))
        )
        rev = Rev(
            (parent.generation if parent else 0) + 1,
            new_hash(parent, deleted=incoming.deleted, body=incoming.body, attachments=attachments),
        )
        document.planned.add(rev)
        path = (rev,) if parent is None else (rev, parent)
        as_sent = {**incoming.document, "_id": incoming.id, "_rev": str(rev)}
        return _Plan(document, incoming, path, True, attachments, as_sent)

    def _plan_copy(self, document: _Document, incoming: Incoming) -> _Plan:
        """`new_edits=false`: known or new, never a conflict."""
        rev, as_sent = incoming.path[0], incoming.document
        if rev in document.before.nodes or rev in document.planned:
            return _Plan(document, incoming, incoming.path, False, (), as_sent)
        document.planned.add(rev)
        attachments = tuple(self._resolved(document, incoming, incoming.path[1:]))
        if as_sent.get("_id") != incoming.id or "_rev" not in as_sent:
            as_sent = {**as_sent, "_id": incoming.id, "_rev": str(rev)}
        return _Plan(document, incoming, incoming.path, True, attachments, as_sent)

    def _resolved(
        self, document: _Document, incoming: Incoming, ancestors: Sequence[Rev]
    ) -> Iterator[Attachment | AttachmentIn]:
        """Stubs replaced by the attachment of that name at the nearest ancestor whose body is here."""
        if not incoming.attachments:
            return
        before = self._attachments_at(document, ancestors)
        for sent in incoming.attachments:
            if sent.data is not None:
                yield sent
                continue
            stored = before.get(sent.name)
            if stored is None or sent.revpos not in (None, stored.revpos):
                raise MissingStub(f"Invalid attachment stub in {incoming.id} for {sent.name}")
            yield stored

    def _attachments_at(self, document: _Document, ancestors: Sequence[Rev]) -> dict[str, Attachment]:
        for rev in ancestors:
            node = document.before.nodes.get(rev)
            if node is not None and node.stored and document.summary is not None:
                stored = rows.revision(self._connection, self._p, document.id, document.summary.number, rev)
                return {one.name: one for one in stored.attachments} if stored else {}
        return {}

    def _judge(self, plans: Sequence[_Plan], rules: WriteRules | None) -> dict[tuple[str, Rev], Refused]:
        """The refusals of the write rules, by document and revision."""
        if rules is None or not plans:
            return {}
        reasons = rules([plan.as_sent for plan in plans], self._source)
        return {
            plan.name: Forbidden(reason)
            for plan, reason in zip(plans, reasons, strict=True)
            if reason is not None
        }

    # ---- writing

    def _graft(self, plan: _Plan) -> bool:
        """Whether the revision arrived with it; not if it, or a child of it, was here before."""
        document, rev = plan.document, plan.path[0]
        arrives = plan.new and rev not in document.tree.nodes
        if arrives:
            kept = [self._kept(one, rev) for one in plan.attachments]
            if kept:
                self._contents.hold(self._connection, (one.content for one in kept))
            document.bodies[rev] = (
                plan.incoming.body,
                rows.attachments_column(kept),
            )
        document.tree = document.tree.grafted(plan.path, deleted=plan.incoming.deleted)
        return arrives

    def _kept(self, one: Attachment | AttachmentIn, rev: Rev) -> Attachment:
        if isinstance(one, Attachment):
            return one
        return kept_as(one, self._content_of(one), one.revpos or rev.generation)

    def _content_of(self, one: AttachmentIn) -> Content:
        match one.data:
            case Content() as content:
                return content
            case Packed(gzip=data, length=length):
                return self._contents.keep(self._connection, data)._replace(unpacked=length)
            case data:
                return self._contents.keep(self._connection, data or b"")

    def _save(self, documents: Iterable[_Document]) -> dict[str, int]:
        """Write what differs; returns the new sequences by document id."""
        changed = [one for one in documents if one.tree.nodes != one.before.nodes]
        if not changed:
            return {}
        (seq,) = self._connection.execute(f"SELECT seq FROM {self._p}_meta").fetchone()
        seqs: dict[str, int] = {}
        doc_rows: list[tuple[object, ...]] = []
        rev_rows: list[tuple[object, ...]] = []
        lost: list[tuple[object, ...]] = []
        live = dead = 0
        for document in changed:
            leaves = document.tree.leaves()
            number = seq + 1 if document.summary is None else document.summary.number
            rev_rows += self._rev_rows(document, number)
            lost += ((number, *rev) for rev in document.before.nodes.keys() - document.tree.nodes.keys())
            if document.summary is not None and leaves == [leaf.rev for leaf in document.summary.leaves]:
                continue  # only a longer or shorter history: nothing that a peer would want to hear of
            seq += 1
            seqs[document.id] = seq
            if document.summary is not None:
                live -= not document.summary.deleted
                dead -= document.summary.deleted
            if not leaves:  # purged, all of it
                self._connection.execute(f"DELETE FROM {self._p}_doc WHERE number = ?", (number,))
                continue
            deleted = document.tree.nodes[leaves[0]].deleted
            doc_rows.append((number, document.id, seq, *leaves[0], deleted, _others(document.tree, leaves)))
            live += not deleted
            dead += deleted
        self._forget(lost)
        self._connection.executemany(
            f"INSERT INTO {self._p}_rev VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (doc, generation, hash) DO UPDATE SET parent = excluded.parent",
            rev_rows,
        )
        self._connection.executemany(
            f"INSERT INTO {self._p}_doc VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (number) DO UPDATE SET seq = excluded.seq, generation = excluded.generation,"
            " hash = excluded.hash, deleted = excluded.deleted, others = excluded.others",
            doc_rows,
        )
        self._connection.execute(
            f"UPDATE {self._p}_meta SET seq = ?, doc_count = doc_count + ?,"
            " doc_del_count = doc_del_count + ?",
            (seq, live, dead),
        )
        self.last_seq = seq if seqs else None
        return seqs

    def _forget(self, lost: Sequence[tuple[object, ...]]) -> None:
        """Delete revisions, each (document's number, generation, hash), and what only they hold."""
        for one in lost:
            ((attachments,),) = self._connection.execute(
                f"DELETE FROM {self._p}_rev WHERE doc = ? AND generation = ? AND hash = ? RETURNING attachments",
                one,
            ).fetchall()
            if attachments is not None:
                self._contents.release(self._connection, rows.contents_of(attachments))

    def _rev_rows(self, document: _Document, number: int) -> Iterator[tuple[object, ...]]:
        """New revisions, and known roots whose parent has become known."""
        before = document.before.nodes
        for rev, node in document.tree.nodes.items():
            if before.get(rev) != node:
                parent = None if node.parent is None else node.parent.hash
                yield (number, *rev, parent, node.deleted, *document.bodies.get(rev, (None, None)))

    def _arrival(self, plan: _Plan, seq: int) -> Arrival:
        rev = str(plan.path[0])
        members = {name: value for name, value in plan.incoming.document.items() if name[:1] != "_"}
        doc: Json = {"_id": plan.incoming.id, "_rev": rev, **members}
        if plan.incoming.deleted:
            doc["_deleted"] = True
        if plan.attachments:
            doc["_attachments"] = {
                one.name: {"content_type": one.content_type, "stub": True} for one in plan.attachments
            }
        return Arrival(plan.incoming.id, rev, seq, doc, self._source)


def _others(tree: Tree, leaves: Sequence[Rev]) -> str | None:
    if len(leaves) == 1:
        return None
    return orjson.dumps([[*rev, tree.nodes[rev].deleted] for rev in leaves[1:]]).decode()
