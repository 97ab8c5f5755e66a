"""Danh mục: what central says to all nodes, as of its newest entry. Reading only; each line leads to all its versions."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edge.register import search_procedures
from edge.web import presence
from edge.web.site import Entry, site
from schemas.entries import Duty, Role

blueprint = Blueprint("reference", __name__, template_folder="../templates")
ENTRY: Final = Entry(50, "Danh mục", "reference.page")
EDITS: Final = Entry(52, "Duyệt danh mục", "cataloguing.proposals", ((Duty.CATALOG, Role.ADMINISTRATOR),))
"""Who may propose changes."""

PARTS: Final = {
    "procedures": "Thủ tục",
    "agencies": "Cơ quan",
    "people": "Người",
    "calendar": "Lịch",
    "communes": "Xã, phường",
    "queues": "Nhóm việc lấy số",
}
LISTED: Final = 120


@blueprint.get("/reference")
def page() -> ResponseReturnValue:
    """`part` is one of `PARTS`; `q` searches the procedures."""
    here, today = site(), site().today()
    part, term = request.args.get("part", "procedures"), request.args.get("q", "").strip()
    procedures = here.view.procedures(today)
    shown, found = (
        search_procedures(procedures, term, LISTED) if term else (procedures[:LISTED], len(procedures))
    )
    agencies, people = here.view.agencies(), here.view.people()
    communes, queues = here.view.communes(today), here.view.queues(today)
    years = [year for _, year in sorted(here.view.calendar().years.items())]
    return render_template(
        "reference.html",
        part=part if part in PARTS else "procedures",
        parts=PARTS,
        counts={
            "procedures": len(procedures),
            "agencies": len(agencies),
            "people": len(people),
            "calendar": len(years),
            "communes": len(communes),
            "queues": len(queues),
        },
        communes=communes,
        queues=queues,
        edits=here.may(presence.person(), EDITS),
        procedures=shown,
        found=found,
        term=term,
        agencies=agencies,
        people=people,
        years=years,
        catalog=here.node.catalog,
        today=today,
    )
