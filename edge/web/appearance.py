"""What all templates share: the words as filters, who is here, where one can go."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from edge.looks import looks_of
from edge.web import acts, contested, merging, presence, sign_in, status_line, timing, words
from edge.web.account import drafts_here
from edge.web.forms import Bare
from edge.web.hosts import PUBLIC, asked_in_public
from edge.web.language import CHOOSES, frame, in_language, language, marked_as_written, say, say_as, tell
from edge.web.printing import TITLES, trouble_in_words
from edge.web.site import ROOM, site
from schemas.course import course_of
from schemas.entries import Duty

OPEN_PAGES: Final = (
    ("look_up.page", "Tra cứu hồ sơ"),
    ("public_procedures.page", "Thủ tục"),
    ("petitions.new", "Phản ánh"),
    ("slip.page", "Kiểm tra giấy"),
)
"""What anybody is shown, signed in or not."""


def install(app: Flask) -> None:
    """Give all templates of an app their filters and what they share, and the page `/`."""
    app.add_url_rule("/", "home", home)
    app.context_processor(_shared)
    install_words(app)


def install_words(app: Flask) -> None:
    """What every template is compiled with, whatever it shows."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.tests["in_blueprint"] = str.startswith
    app.jinja_env.globals.update(
        say=say, say_as=say_as, tell=tell, language=language, frame=frame, in_language=in_language
    )
    app.jinja_env.filters.update(
        written=marked_as_written,
        printer_trouble=trouble_in_words,
        printer_title=lambda name: say(TITLES[name]) if name in TITLES else name,
        clock=lambda value: words.clock(value, site().now()),
        age=lambda value: words.age(value, site().now()),
        full=words.full,
        day=words.day,
        bytes=words.size,
        count=words.count,
        dong=words.dong,
        share_words=words.share,
        limit=words.limit,
        identity=presence.identity,
        phone=presence.phone,
        name=lambda person: site().name(person),
        place=lambda node: site().place(node),
        agency_name=acts.agency_name,
        time_left=lambda due: words.time_left(due, site().now()),
        left=lambda row: words.left(row, site().now()),
        status_word=lambda status: say(words.STATUS[status]),
        money_word=lambda money: say(words.MONEY[money]),
        method_word=lambda method: say(words.METHODS[method]),
        seen=merging.seen_of,
        act_title=acts.title,
        wait_word=lambda wait: say_as("course", timing.WAITS[wait]),
        leg_minutes=timing.minutes,
        course=course_of,
        age_minutes=lambda value: int((site().now() - words.as_moment(value)).total_seconds() // 60),
        act_words=acts.in_words,
        conflict_title=contested.title,
        warnings=contested.warnings,
        others_of=contested.others_of,
        how=contested.how,
        until_then=contested.until_then,
    )


def home() -> ResponseReturnValue:
    """The first page that is for this person at this machine; at a kiosk or a board, what it is there for."""
    if g.person is None:
        return redirect(url_for("kiosk.page" if Duty.KIOSK in site().card.duties else "board.page"))
    return redirect(url_for(site().navigation(presence.person())[0].endpoint))


def _shared() -> dict[str, Any]:
    person = getattr(g, "person", None)
    return {
        "errors": [],
        "trouble": None,
        "polled": False,
        "after": None,
        "public": asked_in_public(),
        "site": site(),
        "here": site().card.title,
        "centre": site().view.centre(),
        "person": person,
        "role_words": words.ROLES,
        "navigation": site().navigation(person) if person else [],
        "open_pages": OPEN_PAGES if person is None and request.endpoint in PUBLIC else (),
        "chooses_language": person is None and request.endpoint in CHOOSES,
        "now": site().now(),
        "status_line": status_line.present,
        "cover": sign_in.cover,
        "page_looks": looks_of(site().node.file, person.id if person else presence.last()),
        "drafts_here": drafts_here,
        "token": Bare,
        "takes_folders": lambda: person is not None and site().may(person, ROOM),
    }
