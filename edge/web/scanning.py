"""Scans of a dossier: files dropped on the page, chosen, or taken from the folder of the scanner; read before they are kept.

The slip comes first and waits for no scanner: scans are added to the dossier, one more act each time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import SelectField, StringField

from edge.scanner import Lying
from edge.web import presence
from edge.web.errors import page as trouble_page
from edge.web.forms import WRITTEN, Choice, Form, text
from edge.web.language import say, tell
from edge.web.pdfs import scan_answer
from edge.web.showing import Shown, show, why_not
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import LARGEST_SCAN, named_files, takes_files
from printing import scans
from printing.scans import Scan, UnusableScan
from schemas.acts import Attachment, ComponentsAdded

blueprint = Blueprint("scanning", __name__)

ADDED: Final = "dossier.components_added"
OTHER: Final = "other"
MOST: Final = 20
"""Files at a time."""
_WITH_FILES: Final = (ADDED, "dossier.supplied", "dossier.note")
_MEGA: Final = 1024 * 1024
WHY: Final = {
    "empty": "tệp rỗng. Quét lại",
    "kind": "không phải PDF hay JPEG. Quét lại, hoặc lưu thành PDF",
    "password": "PDF đặt mật khẩu nên người thẩm định không mở được. Quét lại, hoặc bỏ mật khẩu rồi gửi",
    "damaged": "tệp hỏng hoặc bị cắt giữa chừng. Quét lại",
    "pages": f"PDF không có trang nào, hoặc quá {scans.MOST_PAGES} trang. Chia thành nhiều tệp",
    "large": f"lớn quá {LARGEST_SCAN // _MEGA} MB. Quét lại 200 dpi, hoặc chia thành nhiều tệp",
    "gone": "không còn trong thư mục máy quét. Xem lại danh sách",
    "half": "máy quét còn đang ghi. Chờ vài giây rồi gửi lại",
}


class Adding(Form):
    """Which component the scans are of, or what else they are called."""

    component = SelectField("Là bản quét của", choices=[], validate_choice=False)
    other = StringField("Tên giấy tờ khác", filters=[text])


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was sent or taken: what it is called, and what it is or why it cannot be used."""

    name: str
    scan: Scan | None
    why: str = ""
    lying: Lying | None = None


@blueprint.get("/dossier/<stream>/scans")
def page(stream: str) -> ResponseReturnValue:
    """What is there, and the form; the first component without a scan is chosen."""
    presence.require(COUNTER)
    shown, form = show(stream), Adding(formdata=None)
    kept = {one.name for one in kept_with(shown)}
    names = [one.name for one in shown.received.components]
    form.component.data = next((str(i) for i, name in enumerate(names) if name not in kept), OTHER)
    return _render(shown, form, [])


@blueprint.get("/dossier/<stream>/scans/lying")
def lying(stream: str) -> ResponseReturnValue:
    """What lies in the scanner's folder; nothing while it has not changed."""
    presence.require(COUNTER)
    found = site().scanner.lying()
    if _said(found) == request.args.get("said"):
        return "", 204
    return render_template("lying.html", stream=stream, **_lying(found, request.args.getlist("lying")))


@blueprint.post("/dossier/<stream>/scans")
@takes_files(LARGEST_SCAN)
def add(stream: str) -> ResponseReturnValue:
    """All files or none: what cannot be used is named, and chosen again."""
    presence.require(COUNTER)
    shown, form = show(stream), Adding()
    name = _name(shown, form)
    brought = _brought()
    errors = [] if form.validate_on_submit() else form.error_list()
    if not name:
        errors.append(("other", say("Chưa ghi tên giấy tờ.")))
    if not brought:
        errors.append(
            ("files", say("Chưa chọn tệp nào. Kéo tệp vào ô, chọn tệp, hoặc đánh dấu tệp của máy quét."))
        )
    if len(brought) > MOST:
        errors.append(("files", say("Nhiều quá {most} tệp. Gửi làm nhiều lần.", most=MOST)))
    errors += [
        ("files", tell("{name}: {why}.", {"why": say(WHY[one.why])}, name=one.name))
        for one in brought
        if one.scan is None
    ]
    if errors:
        return _render(shown, form, errors), 422
    node = site().node
    try:
        with node.file.write():  # the files, and that the dossier has them
            added = tuple(
                Attachment(node.archive.keep(one.scan.content), name, one.scan.type, one.scan.pages)
                for one in brought
                if one.scan is not None
            )
            node.ledger.act(stream, ADDED, ComponentsAdded(files=added), by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form, [], trouble), trouble.status
    for one in brought:
        if one.lying is not None:
            site().scanner.put_aside(one.lying)
    plain = sum(
        one.scan is not None and one.scan.type == scans.PDF and not one.scan.archival for one in brought
    )
    return redirect(url_for(".page", stream=stream, added=len(added), plain=plain or None), 303)


@blueprint.get("/dossier/<stream>/scans/<int:place>")
def file(stream: str, place: int) -> ResponseReturnValue:
    """One scan, by its place in the list."""
    shown = show(stream)
    kept = kept_with(shown)
    if not 0 < place <= len(kept):
        raise NotFound
    one = kept[place - 1]
    content = site().node.archive.read(one.file)
    if content is None:
        site().demand(stream)
        return trouble_page(
            Trouble(
                say("Bản quét này của {number} chưa tới máy này.", number=shown.received.number),
                say("Hồ sơ và bản quét vẫn nguyên ở máy đã quét."),
                say("Máy đang lấy tệp về trước các tệp khác; mở lại sau vài giây, hoặc xem ở Đồng bộ."),
                404,
            )
        )
    return scan_answer(content, one.type, f"{shown.receipt.hash[:12]}-{place}")


def kept_with(shown: Shown) -> list[Attachment]:
    """The scans of a dossier, in the order in which they came."""
    return [
        one
        for step in shown.steps
        if step.line.kind in _WITH_FILES
        for one in getattr(shown.contents.get(step.line.hash), "files", ())
    ]


def _name(shown: Shown, form: Adding) -> str:
    names = {str(place): one.name for place, one in enumerate(shown.received.components)}
    return str(names.get(form.component.data or "", form.other.data or ""))


def _brought() -> list[Brought]:
    found = [_read(name, content) for name, content in named_files("files", LARGEST_SCAN)]
    asked, folder = request.form.getlist("lying"), site().scanner
    here = {one.id: one for one in folder.lying()}
    for name in asked:
        one = here.get(name)
        if one is None or not one.ready:
            found.append(
                Brought(one.name if one else say("Tệp của máy quét"), None, "half" if one else "gone")
            )
            continue
        try:
            content = b"" if one.size > LARGEST_SCAN else folder.read(one, LARGEST_SCAN)
        except OSError:
            found.append(Brought(one.name, None, "gone"))
            continue
        found.append(
            Brought(one.name, None, "large") if one.size > LARGEST_SCAN else _read(one.name, content, one)
        )
    return found


def _read(name: str, content: bytes, lying: Lying | None = None) -> Brought:
    if len(content) > LARGEST_SCAN:
        return Brought(name, None, "large")
    try:
        return Brought(name, scans.read(content), lying=lying)
    except UnusableScan as why:
        return Brought(name, None, why.why)


def _said(found: list[Lying]) -> str:
    return hashlib.sha256(repr([(one.id, one.size, one.ready) for one in found]).encode()).hexdigest()[:12]


def _lying(found: list[Lying], ticked: list[str]) -> dict[str, object]:
    return {"lying": found, "said": _said(found), "ticked": ticked, "watched": site().scanner.watched}


def _render(shown: Shown, form: Adding, errors: list[tuple[str, str]], trouble: Trouble | None = None) -> str:
    names = [one.name for one in shown.received.components]
    form.component.choices = [
        *(Choice(str(place), f"{place + 1}. {name}", WRITTEN) for place, name in enumerate(names)),
        Choice(OTHER, say("giấy tờ khác, ghi tên")),
    ]
    against = why_not(shown.dossier, ADDED, ComponentsAdded())
    return render_template(
        "scans.html",
        shown=shown,
        stream=shown.dossier.stream,
        form=form,
        errors=errors,
        trouble=trouble,
        against=against,
        kept=kept_with(shown),
        added=request.args.get("added", 0, int),
        plain=request.args.get("plain", 0, int),
        limit=LARGEST_SCAN // _MEGA,
        **_lying(site().scanner.lying(), request.form.getlist("lying")),
    )
