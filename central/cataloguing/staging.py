"""The national portal's procedures in stages: read, looked at, proposed, confirmed.

1. **Read**: every row is judged (`central.catalog_import`). Wrong ones are left out and named.
2. **Looked at**: rows that are right and odd are used only if somebody says so, row by row.
3. **Proposed**: what differs from the catalog, with the report of what was left out and what was odd.
4. **Confirmed** by somebody else, who sees what would change and that report. Before that nothing is charged by it.

The portal knows nothing of what the centre decides for itself: cases, steps, checklists, wordings and what is not counted
stay as the catalog has them, wherever the file says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import structs

from central.catalog_import import read_procedures
from central.cataloguing.proposals import STAGED, LeftOut, Report, propose
from central.cataloguing.rules import wrong_with
from edge.node import Node
from schemas.entries import Procedure
from schemas.views import View

_OURS: Final = ("cases", "in_difficult_communes", "after_supplement", "not_counted", "steps", "one_step")
_IF_SAID: Final = ("decision", "checklist", "wording", "refusal", "result", "fee_note")


def stage(node: Node, content: bytes, *, since: date, named: str, by: str) -> int:
    """Read a file into a staged proposal; its number. Raises `UnreadableCatalog`."""
    view = node.catalog.latest
    read = read_procedures(content, view.agencies(), since=since)
    fresh = list(differing(view, read.procedures, since))
    odd = [LeftOut(one.line, one.code, one.why) for one in read.problems]
    doubted = {one.code: one for one in read.doubts}
    entries, lines = [], {}
    for one in fresh:
        wrong = "; ".join(words for _, words in wrong_with(node, one))
        if wrong:
            odd.append(LeftOut(0, one.code, wrong))
        else:
            entries.append(one)
            if one.code in doubted:
                lines[one.code] = doubted[one.code]
    odd += [LeftOut(row.line, row.code, row.why, doubtful=True) for row in lines.values()]
    report = Report(
        rows=len(read.procedures) + len(read.problems),
        unchanged=len(read.procedures) - len(fresh),
        odd=tuple(sorted(odd, key=lambda row: (row.line, row.code))),
    )
    return propose(
        node,
        entries,
        title=f"Nhập thủ tục từ {named}, áp dụng từ {since:%d/%m/%Y}",
        reason="",
        by=by,
        report=report,
        state=STAGED,
    )


def differing(view: View, read: Sequence[Procedure], since: date) -> Iterator[Procedure]:
    """Those of which the catalog does not say just this already, with what only the centre decides."""
    for one in read:
        versions = view.versions(Procedure, one.code)
        known = versions[-1][1] if versions else None
        merged = _merged(one, known)
        if known is None or structs.replace(known, since=since) != merged:
            yield merged


def _merged(one: Procedure, known: Procedure | None) -> Procedure:
    if known is None:
        return one
    ours: Mapping[str, object] = {name: getattr(known, name) for name in _OURS}
    unsaid = {name: getattr(known, name) for name in _IF_SAID if not getattr(one, name)}
    return structs.replace(one, **ours, **unsaid)
