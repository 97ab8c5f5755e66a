"""The pages that only central has: the desk, the catalog, the nodes.

They join a node's pages by `register`, which `edge.web.create_pages` takes as one of its `extra`.
"""

from __future__ import annotations

from flask import Flask

from central.staffing import NearOffice
from central.web import (
    application_forms,
    book,
    cataloguing,
    desk,
    due_check,
    lacking,
    machine,
    nodes,
    outages,
    outlet,
    paper_forms,
    personal,
    pictures,
    redacting,
    reference,
    reports,
    staff,
    succession,
    trust,
)
from edge.web.site import Site


def register(app: Flask, site: Site) -> None:
    """Add central's pages to a node's application, and their entries to its navigation."""
    for blueprint, entry in (
        (desk.blueprint, desk.ENTRY),
        (due_check.blueprint, due_check.ENTRY),
        (outages.blueprint, outages.ENTRY),
        (lacking.blueprint, lacking.ENTRY),
        (reference.blueprint, reference.ENTRY),
        (cataloguing.blueprint, cataloguing.ENTRY),
        (application_forms.blueprint, application_forms.ENTRY),
        (machine.blueprint, nodes.ENTRY),
        (staff.blueprint, staff.ENTRY),
        (paper_forms.blueprint, paper_forms.ENTRY),
        (personal.blueprint, personal.ENTRY),
        (book.blueprint, reports.ENTRY),
        (outlet.blueprint, outlet.ENTRY),
    ):
        app.register_blueprint(blueprint)
        site.entries.append(entry)
    app.register_blueprint(pictures.blueprint)
    app.register_blueprint(trust.blueprint)
    site.machines = nodes.ENTRY
    site.office = NearOffice(site.node)
    site.open.update((*staff.OPEN, *reports.OPEN))
    app.register_blueprint(redacting.blueprint)
    succession.install(app)
    site.admits, site.cuts, site.redacts = trust.ADMITS, trust.CUTS, redacting.ENTRY
