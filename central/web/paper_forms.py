"""Biểu mẫu: the words, facts and columns of every paper, changed from a day on, tried with all samples, published.

A version is an entry of the catalog. It is in force from a coming day; papers of facts before it, or of a machine that
did not know it yet, stay and reprint as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import structs
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import InputRequired

from central.cataloguing.labels import name_of
from central.cataloguing.proposals import propose
from central.form_editing import ALIGN, LISTS, fields_of, read, rows_of
from central.form_publishing import base_of, earliest, entry_of, wrong_with
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import LONGEST, Bare, Form, text, too_long
from edge.web.language import say
from edge.web.site import Entry, site
from printing.checking import Problem, Sample, Shape, Why, problems, samples
from printing.errors import PrintError
from printing.forms import Form as Version
from schemas.entries import Centre, Duty, Role
from schemas.entries import Form as Published

blueprint = Blueprint("paper_forms", __name__, template_folder="../templates")
ENTRY: Final = Entry(56, "Biểu mẫu", "paper_forms.page", ((Duty.CATALOG, Role.ADMINISTRATOR),))
SPARE: Final = 2
"""Empty rows for new columns and signatories."""

SHAPES: Final = {
    Shape.TYPICAL: "hồ sơ thường",
    Shape.SPARSE: "hồ sơ ít chữ nhất",
    Shape.ENORMOUS: "hồ sơ dài nhất",
}
LABELS: Final = {
    "source": "Căn cứ (văn bản quy định mẫu này)",
    "title": "Tên giấy",
    "above": "Cơ quan chủ quản",
    "agency": "Cơ quan",
    "place_line": "Nơi, ngày",
    "paper_number": "Số văn bản",
    "hint": "Lời nhắc cạnh mã QR",
    "bar_code": "Nội dung mã vạch (trống: không in)",
    "number_line": "Dòng mã hồ sơ",
    "empty": "In gì khi không có dữ kiện",
    "foot": "Chân trang đầu, bên trái",
    "foot_further": "Chân các trang sau, bên trái",
    "foot_right": "Chân trang, bên phải",
    "symbol": "Ký hiệu loại văn bản trong số",
    "marks": "Góc phải dưới quốc hiệu, mỗi dòng một ý",
    "subtitles": "Dưới tên giấy, mỗi dòng một ý",
    "receivers": "Nơi nhận, mỗi dòng một nơi",
    "copies": "Tên các liên, mỗi dòng một liên",
    "before": "Phần trên bảng, mỗi dòng một ý; các ý ngắn chung dòng cách nhau bằng dấu |",
    "after": "Phần dưới bảng, mỗi dòng một ý",
}
_HEAD: Final = ("above", "agency", "place_line", "paper_number", "marks", "hint", "bar_code")
_TITLE: Final = ("title", "subtitles", "number_line")
_END: Final = ("receivers", "copies", "empty", "foot", "foot_further", "foot_right", "symbol")
_OF_LAYOUT: Final = {
    "letter": frozenset({*_HEAD, *_TITLE, *_END}),
    "ticket": frozenset({"above", "agency", *_TITLE, "empty", "foot"}),
    "label": frozenset({"title", "number_line", "bar_code"}),
}
"""The texts that a layout has a place for."""
_SAID: Final = {
    Why.UNPAIRED: "Ngoặc {{ }}, ngoặc [ ] hoặc dấu ** chưa đủ cặp trong “{where}”.",
    Why.NO_FACT: "Giấy này không có dữ kiện {what}; chọn trong danh sách dữ kiện.",
    Why.NO_TABLE: "Giấy này không có bảng {what}.",
    Why.NO_LETTER: "Phông chữ không có ký tự “{what}”.",
    Why.AGENCY: "Không ghi thẳng tên “{what}”: dùng dữ kiện, để mẫu đúng ở mọi cơ quan.",
    Why.LEFT_OUT: "Thiếu dữ kiện bắt buộc {what}.",
    Why.NO_TITLE: "Chưa ghi tên giấy.",
    Why.SHAPE: "Kiểu giấy và khổ giấy không đổi được ở đây.",
    Why.OVER: "Mẫu này thôi dùng trước ngày đó, theo quy định nêu ở căn cứ.",
    Why.TOO_SOON: "Chọn từ ngày mai trở đi: giấy của hôm nay đã in theo mẫu đang dùng.",
    Why.TOO_LONG: "Mẫu dài quá 60 KB. Rút gọn rồi lưu lại.",
    Why.COPIES: "Giấy này phải có đúng {what} liên.",
    Why.TOO_WIDE: "Các cột rộng hơn khổ giấy {what} mm.",
    Why.NARROW: "Cột “{what}” hẹp quá: ít nhất 7 mm, hoặc để trống cho máy tự chia.",
    Why.UNSET: "Không in được với {shape}: {what}.",
    Why.OUTSIDE: "Với {shape}: chữ “{what}” ra ngoài lề.",
    Why.OVERLAP: "Với {shape}: chữ đè lên nhau ở “{what}”.",
}
_FALLBACK: Final = {
    Why.NO_TITLE: "title",
    Why.COPIES: "copies",
    Why.OVER: "since",
    Why.TOO_SOON: "since",
    Why.TOO_LONG: "title",
}


class Publishing(Form):
    """The first day on which papers are made by this version."""

    since = Day("Áp dụng từ ngày", validators=[InputRequired("Chưa ghi áp dụng từ ngày nào.")])


class PublicPage(Form):
    """The address in QR codes, at which anybody can check a paper; empty for none."""

    page = StringField("Địa chỉ trang kiểm tra giấy trên mạng, in trong mã QR", filters=[text])


@dataclass(frozen=True, slots=True)
class Row:
    """One form of the list: what is in force today, and what comes."""

    number: str
    now: Version | None
    coming: tuple[Version, ...]
    published: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a paper knows, with what it is in the sample."""

    name: str
    value: str


# ---- what there is


@blueprint.get("/forms")
def page() -> ResponseReturnValue:
    """Every form with what is in force, and the address of the public page."""
    presence.require(ENTRY)
    form = PublicPage(formdata=None)
    centre = site().view.centre()
    form.page.data = centre.page if centre else ""
    return _list(form)


@blueprint.post("/forms")
def public_page() -> ResponseReturnValue:
    """Where the QR codes of papers lead from now on; empty: to nothing but the centre's own machines."""
    presence.require(ENTRY)
    form, centre = PublicPage(), site().view.centre()
    if not form.validate_on_submit() or centre is None:
        return _list(form, form.error_list()), 422
    try:
        said = msgspec.convert({**structs.asdict(centre), "page": form.page.data}, Centre)
    except msgspec.ValidationError:
        wrong = "Ghi địa chỉ bắt đầu bằng https://, dài nhất 70 ký tự, không có dấu # hay khoảng trắng."
        return _list(form, [("page", wrong)]), 422
    if said == centre:
        return redirect(url_for(".page"), 303)
    return _proposed(said, "Địa chỉ trang kiểm tra giấy")


def _proposed(entry: Centre | Published, reason: str) -> ResponseReturnValue:
    """What an administrator says waits for somebody else to confirm it."""
    title, by = name_of(entry), presence.person().id
    number = propose(site().node, [entry], title=title, reason=reason, by=by)
    return redirect(url_for("cataloguing.one", number=number, done="proposed"), 303)


def _list(form: PublicPage, errors: Sequence[tuple[str, str]] = ()) -> str:
    rows = [_row(number) for number in _numbers()]
    return render_template("paper_forms.html", rows=rows, form=form, errors=list(errors))


def _numbers() -> list[str]:
    return [number for number in site().node.papers.forms.numbers if samples(number)]


def _row(number: str) -> Row:
    here, today = site(), site().today()
    versions = here.node.papers.forms.versions(number, here.view.number)
    current = [one for one in versions if one.covers(today)]
    return Row(
        number,
        current[-1] if current else None,
        tuple(one for one in versions if one.in_force_from > today),
        any(here.view.forms(number)),
    )


@blueprint.get("/forms/<number>")
def one(number: str) -> ResponseReturnValue:
    """The versions of one form, newest first: built in, published, coming. 404 for a number that is none."""
    presence.require(ENTRY)
    _known(number)
    here = site()
    published = {one.in_force_from for one in here.view.forms(number)}
    return render_template(
        "paper_form.html",
        number=number,
        versions=[
            (one, one.in_force_from in published, _state(one, number))
            for one in reversed(here.node.papers.forms.versions(number, here.view.number))
        ],
        shapes=SHAPES,
    )


def _state(version: Version, number: str) -> str:
    """now, coming or over."""
    today = site().today()
    row = _row(number)
    if row.now == version:
        return "now"
    return "coming" if version.in_force_from > today else "over"


@blueprint.get("/forms/<number>/<day>.pdf")
def shown(number: str, day: str) -> ResponseReturnValue:
    """The version that begins on `day`, with a sample."""
    presence.require(ENTRY)
    here = site()
    versions = here.node.papers.forms.versions(_known(number), here.view.number)
    version = next((one for one in versions if one.in_force_from.isoformat() == day), None)
    if version is None:
        raise NotFound
    return _pdf(_sample(number).pdf(version), number)


# ---- a new version


@blueprint.get("/forms/<number>/new")
def new(number: str) -> ResponseReturnValue:
    """It begins as the newest one that is in force, or as the one that begins on the day `as`."""
    presence.require(ENTRY)
    here = site()
    versions = here.node.papers.forms.versions(_known(number), here.view.number)
    chosen = next((one for one in versions if one.in_force_from.isoformat() == request.args.get("as")), None)
    base = chosen or versions[-1]
    form = Publishing(formdata=None)
    form.since.data = max(base.in_force_from, earliest(site().node))
    return _editor(number, base, form, fields_of(base))


@blueprint.post("/forms/<number>/new")
def write(number: str) -> ResponseReturnValue:
    """`act` is `check` or `publish`; what has a problem is not published."""
    presence.require(ENTRY)
    form, typed = Publishing(), _typed()
    right = form.validate_on_submit()
    base = _base(number, form.since.data)
    if not right:
        return _editor(number, base, form, typed, errors=form.error_list()), 422
    version, errors = _read(base, form.since.data, typed)
    if not errors:
        errors = _told(wrong_with(site().node, version), typed)
        if not errors and request.form.get("act") == "publish":
            return _proposed(entry_of(version), version.source)
    if errors:
        return _editor(number, base, form, typed, errors=errors), 422
    return _editor(number, base, form, typed, right=True)


@blueprint.post("/forms/<number>/preview")
def preview(number: str) -> ResponseReturnValue:
    """What was typed, on paper, with the sample `shape`; nothing is kept."""
    presence.require(ENTRY)
    Bare.checked()
    typed = _typed()
    base = _base(number, None)
    done = read(typed, base, base.in_force_from)
    try:
        return _pdf(_sample(number).pdf(done.form), number)
    except (PrintError, TypeError):
        form = Publishing()
        found = _told(problems(done.form, base), typed)
        return _editor(number, base, form, typed, errors=[*done.wrong, *found]), 422


def _read(base: Version, since: date, typed: Mapping[str, str]) -> tuple[Version, list[tuple[str, str]]]:
    """The version that was typed, and what is wrong before it is looked at as a form."""
    done = read(typed, base, since)
    errors = [*done.wrong]
    errors += [(name, too_long()) for name, value in typed.items() if _too_long(name, value)]
    if not errors and _same(done.form, base):
        errors.append(("title", "Chưa đổi gì so với mẫu đang dùng."))
    return done.form, errors


def _told(found: Sequence[Problem], typed: Mapping[str, str]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((_place(one, typed), _words(one)) for one in found))


def _too_long(name: str, value: str) -> bool:
    lines = value.splitlines() if name in LISTS or name.startswith(("before-", "after-")) else [value]
    return any(len(line) > LONGEST for line in lines)


def _same(version: Version, base: Version) -> bool:
    """Whether only the day is new; spaces that nobody sees do not count."""
    day = base.in_force_from
    return read(fields_of(version), base, day).form == read(fields_of(base), base, day).form


def _words(problem: Problem) -> str:
    shape = say(SHAPES[problem.shape]) if problem.shape else ""
    what = f"{{{problem.what}}}" if problem.why in (Why.NO_FACT, Why.LEFT_OUT) else problem.what
    return say(_SAID[problem.why], what=what, where=problem.where, shape=shape)


def _place(problem: Problem, typed: Mapping[str, str]) -> str:
    """The field that a problem stands in, as far as it stands in one."""
    wanted = problem.where or (problem.what if problem.why is Why.NARROW else "")
    named = f"{{{problem.what}}}" if problem.why is Why.NO_FACT else wanted
    for mark in (wanted, named):
        found = next((name for name, value in typed.items() if mark and mark in value), None)
        if found is not None:
            return found
    return _FALLBACK.get(problem.why, "before-0" if "before-0" in typed else "title")


def _base(number: str, since: date | None) -> Version:
    return base_of(site().node, _known(number), since or site().today())


def _typed() -> dict[str, str]:
    return {name: value for name, value in request.form.items() if name not in ("csrf_token", "typed_by")}


def _editor(
    number: str,
    base: Version,
    form: Publishing,
    fields: Mapping[str, str],
    *,
    errors: Sequence[tuple[str, str]] = (),
    right: bool = False,
) -> str:
    sample = samples(number)[0]
    places = _OF_LAYOUT[base.layout]
    return render_template(
        "paper_form_new.html",
        number=number,
        base=base,
        form=form,
        fields=fields,
        errors=list(errors),
        right=right,
        labels=LABELS,
        head=[(name, name in LISTS) for name in _HEAD if name in places],
        title=[(name, name in LISTS) for name in ("source", *_TITLE) if name == "source" or name in places],
        end=[(name, name in LISTS) for name in _END if name in places and (name != "symbol" or base.symbol)],
        sections=[
            (place, section, _rows(fields, f"head-{place}") if section.columns else 0)
            for place, section in enumerate(base.sections)
        ],
        signatories=_rows(fields, "role") if base.layout == "letter" else 0,
        align=ALIGN,
        facts=_facts(sample.facts),
        of_rows={table: _facts(facts) for table, facts in sample.rows.items()},
        must=sample.must,
        shapes=SHAPES,
        earliest=earliest(site().node),
    )


_UNSAID: Final = frozenset({"catalog", "qr_text", "qr_text_line"})
"""What a paper knows and nobody reads."""


def _facts(facts: Mapping[str, str]) -> list[Fact]:
    """Those that are worth a line of the page: a spelling in one line only where it is another."""
    return [
        Fact(name, value)
        for name, value in sorted(facts.items())
        if name not in _UNSAID
        and not (name.endswith("_line") and facts.get(name.removesuffix("_line")) == value)
    ]


def _rows(fields: Mapping[str, str], name: str) -> int:
    filled = rows_of(fields, name)
    while filled and not fields.get(f"{name}-{filled - 1}", "").strip():
        filled -= 1
    return filled + SPARE


def _sample(number: str) -> Sample:
    wanted = request.values.get("shape", Shape.TYPICAL.value)
    return next((one for one in samples(number) if one.shape.value == wanted), samples(number)[0])


def _known(number: str) -> str:
    if number not in _numbers():
        raise NotFound
    return number


def _pdf(content: bytes, number: str) -> Response:
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="bieu-mau-{number}.pdf"'
    return response
