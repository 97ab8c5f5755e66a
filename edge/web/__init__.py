"""The pages of a node: server-rendered, complete without JavaScript, quicker with it.

A page shows and asks; it never decides. Every act goes through the ledger, which asks `schemas.rules`. What only
central shows comes from `central.web`, by the registration that `create_pages` takes as `extra`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from flask import Flask

from edge.courier import Courier
from edge.node import Node
from edge.roads import Roads
from edge.server import secret
from edge.sticks import Sticks
from edge.web.account import blueprint as account
from edge.web.afterwards import blueprint as afterwards
from edge.web.again import blueprint as again
from edge.web.agencies import blueprint as agencies
from edge.web.amending import blueprint as amending
from edge.web.appearance import install as install_appearance
from edge.web.batch import blueprint as batch
from edge.web.board import OPEN as BOARD_OPEN
from edge.web.board import blueprint as board
from edge.web.calling import blueprint as calling
from edge.web.cancelling import blueprint as cancelling
from edge.web.cookies import Cookies
from edge.web.correcting import blueprint as correcting
from edge.web.counter import blueprint as counter
from edge.web.courier import blueprint as courier_pages
from edge.web.course import blueprint as course
from edge.web.dossier import blueprint as dossier
from edge.web.drafting import blueprint as drafting_pages
from edge.web.errors import install as install_errors
from edge.web.exchange import blueprint as exchange
from edge.web.fees import blueprint as fees
from edge.web.filing import OPEN as FILING_OPEN
from edge.web.filing import blueprint as filing
from edge.web.find import blueprint as find
from edge.web.folders import blueprint as folders
from edge.web.headers import install as install_headers
from edge.web.held import blueprint as held_back
from edge.web.hosts import install as install_hosts
from edge.web.inbox import blueprint as inbox
from edge.web.issuing import blueprint as issuing
from edge.web.keys import blueprint as keys
from edge.web.kiosk import OPEN as KIOSK_OPEN
from edge.web.kiosk import blueprint as kiosk
from edge.web.kiosk_asking import OPEN as ASKING_OPEN
from edge.web.kiosk_asking import PETITION_OPEN as KIOSK_PETITION_OPEN
from edge.web.look_up import OPEN as LOOK_UP_OPEN
from edge.web.look_up import blueprint as look_up
from edge.web.one_step import blueprint as one_step
from edge.web.petitions import OPEN as PETITIONS_OPEN
from edge.web.petitions import blueprint as petitions
from edge.web.printers import blueprint as printers
from edge.web.printing import blueprint as printing
from edge.web.public_procedures import OPEN as PROCEDURES_OPEN
from edge.web.public_procedures import blueprint as public_procedures
from edge.web.returning import blueprint as returning
from edge.web.room import blueprint as room
from edge.web.routes import Pages
from edge.web.scanning import blueprint as scanning
from edge.web.scans import blueprint as scans
from edge.web.scores import blueprint as scores
from edge.web.sealing import blueprint as sealing
from edge.web.sign_in import blueprint as sign_in
from edge.web.site import Extra, Site
from edge.web.slip import OPEN as SLIP_OPEN
from edge.web.slip import blueprint as slip
from edge.web.snapshots import install as install_one_snapshot
from edge.web.status_line import blueprint as status_line
from edge.web.strip import blueprint as queue_strip
from edge.web.takings import blueprint as takings
from edge.web.till import blueprint as till
from edge.web.timing import blueprint as timing
from edge.web.turned_away import blueprint as worklists
from edge.web.turning_away import blueprint as turning_away
from edge.web.uploads import InMemory
from edge.web.verifying import blueprint as verifying
from edge.web.viewing import blueprint as viewing
from edge.web.wedge import blueprint as wedge
from edge.web.workplace import blueprint as workplace

LARGEST_FORM_BYTES = 256 * 1024


def create_pages(
    node: Node,
    roads: Roads | None,
    spool_wake: Callable[[], None],
    extra: Iterable[Extra] = (),
    courier: Courier | None = None,
) -> Flask:
    """The pages of `node` as a WSGI application; `spool_wake` is called when a paper was queued."""
    app = Pages("edge", static_folder="static", template_folder="templates")
    app.session_interface = Cookies()
    app.request_class = InMemory
    app.config.update(
        SECRET_KEY=secret(node, "session"),
        # One browser may sit before several nodes of a demo, and cookies do not keep ports apart.
        SESSION_COOKIE_NAME=f"motcua-{node.id}",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=LARGEST_FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        # A form is good as long as its session: a lunch break must not cost what was typed.
        WTF_CSRF_TIME_LIMIT=None,
    )
    sticks = Sticks(courier or Courier(node), node.settings.sticks)
    site = Site(node, roads, spool_wake, sticks)
    app.extensions["motcua"] = site
    site.open.update(
        (
            *SLIP_OPEN,
            *KIOSK_OPEN,
            *BOARD_OPEN,
            *LOOK_UP_OPEN,
            *ASKING_OPEN,
            *PROCEDURES_OPEN,
            *PETITIONS_OPEN,
            *KIOSK_PETITION_OPEN,
            *FILING_OPEN,
        )
    )
    if node.card.of_the_hall:
        site.open.add("home")
    install_hosts(app)
    if node.one_page is not None:
        install_one_snapshot(app, node.one_page)
    for part in (
        sign_in,
        account,
        amending,
        viewing,
        counter,
        drafting_pages,
        turning_away,
        inbox,
        filing,
        queue_strip,
        scanning,
        calling,
        worklists,
        kiosk,
        board,
        scores,
        batch,
        room,
        scans,
        folders,
        timing,
        one_step,
        sealing,
        verifying,
        fees,
        till,
        takings,
        issuing,
        returning,
        agencies,
        course,
        workplace,
        dossier,
        find,
        held_back,
        slip,
        look_up,
        public_procedures,
        petitions,
        again,
        afterwards,
        cancelling,
        correcting,
        exchange,
        courier_pages,
        status_line,
        wedge,
        keys,
        printing,
        printers,
    ):
        app.register_blueprint(part)
    for register in extra:
        register(app, site)
    install_appearance(app)
    install_headers(app)
    install_errors(app)
    return app
