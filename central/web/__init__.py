"""The pages that only central has: the desk, the catalog, the nodes.

They join a node's pages by `register`, which `edge.web.create_pages` takes as one of its `extra`.
"""

from __future__ import annotations

from flask import Flask

from central.web import desk, nodes, reference, trust
from edge.web.site import Site


def register(app: Flask, site: Site) -> None:
    """Add central's pages to a node's application, and their entries to its navigation."""
    for part in (desk, reference, nodes):
        app.register_blueprint(part.blueprint)
        site.entries.append(part.ENTRY)
    app.register_blueprint(trust.blueprint)
    site.machines = nodes.ENTRY
    site.admits, site.cuts = trust.ADMITS, trust.CUTS
