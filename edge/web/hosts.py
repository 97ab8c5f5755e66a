"""Which names of this machine its pages answer to.

A page of another site can make its own name lead to this machine (DNS rebinding) and then read our answers as its
own. So a name must be one of ours; an address in digits belongs to nobody else.

By the name of the public page, where the QR codes of papers lead, central answers what is for everybody and nothing
else.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, request
from werkzeug.exceptions import MisdirectedRequest

from edge.host_names import is_ours
from edge.web.site import site


def install(app: Flask) -> None:
    """Let an app answer to its own names only: 421 for another one."""
    app.before_request(_check)


PUBLIC: Final = frozenset(
    {
        *("slip.page", "slip.check", "look_up.page", "look_up.find", "public_procedures.page"),
        *(
            "public_procedures.one",
            "public_procedures.blank",
            "petitions.new",
            "petitions.file",
            "petitions.read",
            "static",
        ),
    }
)
"""The endpoints of the public pages."""


def _check() -> None:
    host, here = request.headers.get("Host", ""), site()
    if is_ours(host, here.names()):
        return
    if request.endpoint not in PUBLIC or not is_ours(host, here.public_names()):
        raise MisdirectedRequest


def asked_in_public() -> bool:
    """Whether the present page is the public one: it says nothing of the machine."""
    return not is_ours(request.headers.get("Host", ""), site().names())
