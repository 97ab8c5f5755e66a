"""What is typed or scanned where one looks for a dossier: the code of a paper, a whole number, a ticket of today."""

from __future__ import annotations

from edge.web.site import site
from schemas import slips
from schemas.errors import Malformed
from schemas.spelling import composed


def streams_of(typed: str) -> list[str]:
    """The dossiers that are meant by a paper's code, a whole number, that of a handwritten slip, or today's ticket.

    Nothing for what has to be searched for.
    """
    register, term = site().node.register, composed(typed)
    try:
        code, _ = slips.read(slips.bare(term), slips.ALL)
    except Malformed:
        pass
    else:
        return [code.stream] if register.row(code.stream) is not None else []
    number = term.lower()
    if not number:
        return []
    found = [row.stream for row in register.find(number).rows if row.number.lower() == number]
    return found or [row.stream for row in register.of_paper(term)] or _of_ticket(number)


def _of_ticket(typed: str) -> list[str]:
    """What was received while a visitor was served; tickets travel, so at any counter that has heard of it."""
    node, wanted = site().node, typed.replace("-", "").upper()
    found: list[str] = []
    for turn in node.visits.turns():
        if turn.ticket.replace("-", "").upper() != wanted:
            continue
        found += [stream for stream in turn.dossiers if node.register.row(stream) is not None]
    return found
