"""Which printers a place has: found by asking CUPS and the network, added by an administrator, and chosen for each paper."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import SelectField, StringField
from wtforms.validators import Length

from edge.printers import fits
from edge.settings import FOLDER, PrinterKind, PrinterSettings
from edge.web import presence
from edge.web.forms import Bare, Choice, Form, needed, text, too_long
from edge.web.language import say
from edge.web.printing import ADDING, FORMS, render
from edge.web.site import Site, site
from printing.discovery import find

blueprint = Blueprint("printers", __name__)

KINDS: Final = {
    PrinterKind.IPP: "IPP (CUPS, máy in mạng)",
    PrinterKind.ESCPOS: "ESC/POS (máy in nhiệt)",
}
_LONGEST_NAME, _LONGEST_ADDRESS = 60, 300
BAD_ADDRESS: Final = {
    PrinterKind.IPP: "Địa chỉ phải có dạng ipp://máy/đường-dẫn.",
    PrinterKind.ESCPOS: "Địa chỉ phải là máy, máy:cổng, hoặc tệp thiết bị trong /dev/.",
}


class Adding(Form):
    """What a printer is called here, how it is spoken to, and where it is."""

    name = StringField(
        "Tên máy in",
        filters=[text],
        validators=[
            *needed("Chưa đặt tên máy in."),
            Length(max=_LONGEST_NAME, message=too_long(_LONGEST_NAME)),
        ],
    )
    kind = SelectField("Loại", choices=[Choice(kind.value, KINDS[kind]) for kind in PrinterKind])
    address = StringField(
        "Địa chỉ",
        filters=[text],
        validators=[
            *needed("Chưa ghi địa chỉ máy in."),
            Length(max=_LONGEST_ADDRESS, message=too_long(_LONGEST_ADDRESS)),
        ],
    )


@blueprint.get("/printers/search")
def search() -> ResponseReturnValue:
    """Ask CUPS and the network what is there; it takes some seconds."""
    presence.require(ADDING)
    known = {one.address for one in site().node.place_printers.listed()}
    return render(found=[one for one in find() if one.address not in known])


@blueprint.post("/printers/add")
def add() -> ResponseReturnValue:
    """From the next paper on. 422 for a name that is taken, or an address that cannot be one."""
    presence.require(ADDING)
    form = Adding()
    if not form.validate_on_submit():
        return render(mistakes=[why for _, why in form.error_list()], typed=_typed(form)), 422
    here, kind, printer = site(), PrinterKind(form.kind.data), _wanted(form)
    if here.node.place_printers.taken(form.name.data):
        taken = say("Đã có máy in tên {name}. Đặt tên khác.", name=form.name.data)
        return render(mistakes=[taken], typed=_typed(form)), 422
    if printer is None:
        return render(mistakes=[BAD_ADDRESS[kind]], typed=_typed(form)), 422
    here.node.place_printers.add(printer)
    return _changed(here)


def _typed(form: Adding) -> dict[str, str]:
    return {name: value or "" for name, value in form.data.items() if name in ("name", "kind", "address")}


def _wanted(form: Adding) -> PrinterSettings | None:
    """None for an address that is none, or that is a file on this machine's disk."""
    said = {"name": form.name.data, "kind": form.kind.data, "address": form.address.data}
    try:
        printer = msgspec.convert(said, PrinterSettings)
    except msgspec.ValidationError:
        return None
    return None if printer.address.startswith("/") and not _is_device(printer.address) else printer


@blueprint.post("/printers/remove")
def remove() -> ResponseReturnValue:
    """Take away a printer that was added on the page: `printer` is its name."""
    Bare.checked()
    presence.require(ADDING)
    here = site()
    if not here.node.place_printers.remove(request.form.get("printer", "")):
        raise NotFound
    return _changed(here)


@blueprint.post("/printers/papers")
def papers() -> ResponseReturnValue:
    """Which printer prints what from now on: a field for each kind of paper, empty for what the settings say."""
    Bare.checked()
    here = site()
    chosen = {form: request.form.get(f"form-{form}", "") for form in FORMS}
    kinds = {"": None, FOLDER: None} | {one.name: one.kind for one in here.node.place_printers.listed()}
    if not all(name in kinds and fits(form, kinds[name]) for form, name in chosen.items()):
        raise NotFound
    here.node.place_printers.assign(chosen)
    return _changed(here)


def _is_device(address: str) -> bool:
    return address.startswith("/dev/") and ".." not in address


def _changed(here: Site) -> ResponseReturnValue:
    """The spool goes on with the printers as they are now."""
    here.node.spool.printers = here.node.place_printers.printers()
    here.spool_wake()
    return redirect(url_for("printing.page", _anchor="printers"), 303)
