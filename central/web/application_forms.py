"""Mẫu đơn: the blanks that applicants fill in, posted with a procedure from a day on, and taken down again.

A file is PDF or Word; what it is, its bytes say. The catalog names it, so that it travels to every machine.
"""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Final, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from central.centre import Office
from edge.register import search_procedures
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import Bare, Form, needed, text, too_long
from edge.web.site import Entry, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import named_files, takes_files
from printing.scans import PDF, UnusableScan, read
from schemas.entries import ApplicationForm, Duty, Role

blueprint = Blueprint("application_forms", __name__, template_folder="../templates")
ENTRY: Final = Entry(52, "Mẫu đơn", "application_forms.page", ((Duty.CATALOG, Role.ADMINISTRATOR),))

LARGEST: Final = 5 * 1024 * 1024
"""It goes to every machine, over whatever line."""
FOUND: Final = 12
_LONGEST: Final = 200
_WORD: Final = "word/document.xml"
_MACRO: Final = "vbaproject.bin"
_WHY: Final = {
    "missing": "Chưa chọn tệp.",
    "large": "Tệp lớn quá 5 MB. Lưu lại nhỏ hơn.",
    "kind": "Tệp không phải PDF hay Word (.docx), hoặc có macro. Lưu lại thành PDF hoặc .docx.",
    "password": "PDF đặt mật khẩu nên người dân không mở được. Bỏ mật khẩu rồi gửi.",
    "damaged": "Tệp hỏng. Mở lại, lưu lại rồi gửi.",
}


class Posting(Form):
    """What a blank is called, and the day from which on it is offered; its file comes beside."""

    title = StringField(
        "Tên mẫu đơn",
        filters=[text],
        validators=[*needed("Chưa ghi tên mẫu đơn."), Length(max=_LONGEST, message=too_long(_LONGEST))],
    )
    since = Day("Đăng từ ngày", validators=[InputRequired("Chưa ghi đăng từ ngày nào.")])


@blueprint.get("/application-forms")
def page() -> ResponseReturnValue:
    """`q` searches the procedures, `procedure` is the one for which something is posted."""
    presence.require(ENTRY)
    form = Posting(formdata=None)
    form.since.data = site().today()
    return _render(form)


@blueprint.post("/application-forms")
@takes_files(LARGEST)
def post() -> ResponseReturnValue:
    """Post a blank with one procedure. 422 with the sentence of each mistake; the file is kept only when all
    is right.
    """
    presence.require(ENTRY)
    form, code = Posting(), request.form.get("procedure", "")
    procedure = site().view.procedure(code, site().today())
    errors = [] if form.validate_on_submit() else form.error_list()
    if procedure is None:
        errors.append(("q", "Chưa chọn thủ tục. Tìm rồi chọn một dòng."))
    content, kind, why = _sent()
    if why:
        errors.append(("file", _WHY[why]))
    if errors or procedure is None or kind is None:
        return _render(form, errors), 422
    node = site().node
    try:
        with node.file.write():  # the file, and that the catalog names it
            posted = ApplicationForm(
                node.ids.stream(site().now()),
                procedure.code,
                form.title.data,
                node.archive.keep(content),
                kind,
                form.since.data,
            )
            Office(node).define([posted], by=presence.person().id)
    except Expected as problem:
        trouble = trouble_of(problem)
        return _render(form, trouble=trouble), trouble.status
    return redirect(url_for(".page", procedure=procedure.code, done="posted"), 303)


@blueprint.post("/application-forms/<name>/down")
def take_down(name: str) -> ResponseReturnValue:
    """From today on nobody finds it any more; what was downloaded stays with whoever has it."""
    presence.require(ENTRY)
    Bare.checked()
    found = next((one for one in site().view.application_forms() if one.id == name), None)
    if found is None:
        raise NotFound
    until = site().today() - timedelta(days=1)
    ended = ApplicationForm(found.id, found.procedure, found.name, found.file, found.type, found.since, until)
    try:
        Office(site().node).define([ended], by=presence.person().id)
    except Expected as problem:
        trouble = trouble_of(problem)
        return _render(Posting(formdata=None), trouble=trouble), trouble.status
    return redirect(url_for(".page", procedure=found.procedure, done="down"), 303)


def _sent() -> tuple[bytes, Literal["pdf", "docx"] | None, str]:
    """The file of the form, what it is, and why it cannot be used."""
    sent = named_files("file", LARGEST)
    if not sent:
        return b"", None, "missing"
    (_, content), *_ = sent
    if len(content) > LARGEST:
        return b"", None, "large"
    if is_word(content):
        return content, "docx", ""
    try:
        return (content, "pdf", "") if read(content).type == PDF else (b"", None, "kind")
    except UnusableScan as why:
        return b"", None, why.why if why.why in _WHY else "kind"


def is_word(content: bytes) -> bool:
    """Whether it is a Word document without a macro."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            names = [name.lower() for name in file.namelist()]
    except (zipfile.BadZipFile, ValueError, OverflowError):
        return False
    return _WORD in names and not any(name.endswith(_MACRO) for name in names)


def _render(
    form: Posting, errors: list[tuple[str, str]] | None = None, trouble: Trouble | None = None
) -> str:
    here, today = site(), site().today()
    code, term = request.values.get("procedure", ""), request.values.get("q", "").strip()
    chosen = here.view.procedure(code, today) if code else None
    procedures = {one.code: one for one in here.view.procedures(today)}
    hits = search_procedures(list(procedures.values()), term, FOUND)[0] if term else []
    posted = [one for one in here.view.application_forms() if one.holds(today) or one.since > today]
    return render_template(
        "application_forms.html",
        form=form,
        chosen=chosen,
        term=term,
        hits=hits,
        posted=posted,
        procedures=procedures,
        today=today,
        done=request.args.get("done", ""),
        errors=errors or [],
        trouble=trouble,
    )
