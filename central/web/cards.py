"""Which machines may take part: codes for new ones, files on sticks, and the end of a machine's access.

A fresh code is on the page that makes it and nowhere else; whoever loads that page again makes another one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from werkzeug.exceptions import NotFound
from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Optional, Regexp

from central.enrolment import KINDS, Enrolment, Wish
from central.errors import NotGranted
from central.web.nodes import ADMINISTERS, STOPPED, blueprint
from edge.web import presence
from edge.web.forms import Bare, Choice, Form, needed, text
from edge.web.language import say
from edge.web.site import site
from schemas.enrolment import ADDRESS, Misspelled
from schemas.entries import Card
from schemas.errors import Malformed

__all__ = ["blueprint"]  # of `nodes`, with the pages of this module on it

KIND_WORDS: Final = {
    "counter": "Quầy: tiếp nhận, thu phí, trả kết quả",
    "room": "Phòng 4 tại chỗ: thêm thẩm định, phê duyệt, đóng dấu",
    "desk": "Bàn đối soát",
    "kiosk": "Ki-ốt: lấy số, tra cứu, đánh giá",
    "board": "Bảng hiện số: chỉ xem",
}
WHY_WORDS: Final = {
    "retired": "Nghỉ hẳn: máy đã tự đóng, mọi việc đã về Trung tâm",
    "lost": "Hỏng hoặc mất",
    "stolen": "Bị lấy cắp, hoặc người không được phép đang giữ",
    "forked": "Bị nhân đôi: hai máy cùng chạy một thẻ",
}
NO_LAST_ACT: Final = "Nghỉ hẳn: máy chỉ thay Trung tâm trả lời, không giữ việc nào của riêng mình"
REFUSED: Final = {
    "alive": "Vị trí này đang có {node}, thẻ còn hiệu lực. Thu hồi thẻ đó trước.",
    "place": "Vị trí chỉ gồm chữ thường không dấu, số và gạch nối, như counter-03.",
    "title": "Chưa ghi tên máy.",
    "number": "Số máy từ 0 đến 89, hoặc từ 900 đến 999.",
    "number_held": "Số {number:02d} còn thuộc thẻ của {node}. Để trống để lấy số còn rỗi thấp nhất.",
    "no_number": "Không còn số nào rỗi. Thu hồi thẻ của các máy không còn dùng.",
    "twin": "{host} là địa chỉ của {node}. Nếu hai máy trạm ở cùng một máy tính, ghi địa chỉ ở đây.",
    "names": "{host} không thuộc các tên và mạng mà Trung tâm được cấp chứng thư.",
    "check": "Tệp này không khớp mã đối chiếu. Xem lại mã trên màn hình máy trạm, hoặc chép lại tệp.",
    "has_card": "Máy đã gửi yêu cầu này có thẻ rồi, là {node}. Tạo yêu cầu mới trong thư mục mới.",
    "not_closed": "Máy này chưa tự đóng, hoặc việc cuối của máy chưa về Trung tâm. Chạy motcua close ở máy, chờ gửi hết, rồi thu hồi.",
    "revoked": "Thẻ này đã thu hồi rồi.",
    "behind": "Trung tâm chưa lấy hết việc đang nằm ở CouchDB. Chờ lấy xong; thu hồi ngay thì việc máy đã gửi sẽ bị tạm giữ. Máy bị lấy cắp thì thu hồi được ngay.",
    **{because: trouble.what for because, trouble in STOPPED.items()},
}
"""Where in the form each of them is said: `FIELD_OF`, else above it."""
FIELD_OF: Final = {
    "alive": "place",
    "place": "place",
    "title": "title",
    "number": "number",
    "number_held": "number",
    "twin": "address",
    "names": "address",
    "check": "check",
    "has_card": "request",
}
KEPT_ANSWERS: Final = 8


class PlaceForm(Form):
    """What a machine is to be."""

    place = StringField("Vị trí", validators=needed("Chưa ghi vị trí."))
    title = StringField("Tên máy", validators=needed("Chưa ghi tên máy."))
    kind = RadioField(
        "Loại máy",
        choices=[Choice(kind, words) for kind, words in KIND_WORDS.items()],
        validators=[InputRequired("Chưa chọn loại máy.")],
    )
    agencies = SelectMultipleField("Cơ quan", validate_choice=False)
    number = StringField(
        "Số máy", validators=[Optional(), Regexp(r"^\s*[0-9]{1,3}\s*\Z", message=REFUSED["number"])]
    )
    address = StringField(
        "Địa chỉ", validators=[Optional(), Regexp(ADDRESS, message="Địa chỉ có dạng https://10.0.0.13:8600.")]
    )
    building = StringField("Tòa nhà")

    def wish(self) -> Wish:
        number = text(self.number.data)
        return Wish(
            place=text(self.place.data),
            title=text(self.title.data),
            duties=KINDS[self.kind.data],
            agencies=tuple(self.agencies.data or ()),
            number=int(number) if number else None,
            address=text(self.address.data).rstrip("/"),
            building=text(self.building.data),
        )


class StickForm(PlaceForm):
    request = FileField("Tệp yêu cầu", validators=[FileRequired("Chưa chọn tệp yêu cầu trên USB.")])
    check = StringField(
        "Mã đối chiếu của yêu cầu", validators=needed("Chưa gõ mã đối chiếu trên màn hình máy trạm.")
    )


class RevokeForm(Form):
    why = RadioField(
        "Vì sao",
        choices=[Choice(why, words) for why, words in WHY_WORDS.items()],
        validators=[InputRequired("Chưa chọn vì sao.")],
    )


class Answers:
    """The last answers for sticks, until they are downloaded; a lost one is made again."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, bytes] = OrderedDict()

    def keep(self, check: str, answer: bytes) -> None:
        self._answers[check] = answer
        while len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)

    def get(self, check: str) -> bytes | None:
        return self._answers.get(check)


_answers = Answers()


@blueprint.get("/nodes/code")
def code_page() -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    return _place_page("code.html", PlaceForm(formdata=None))


@blueprint.post("/nodes/code")
def make_code() -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    form = PlaceForm()
    if not form.validate_on_submit():
        return _place_page("code.html", form), 422
    try:
        made = Enrolment(site().node).make_code(form.wish(), by=presence.person().id)
    except NotGranted as why:
        return _place_page("code.html", form, why), 422
    return render_template("code.html", form=form, made=made, url=_own_url(), agencies=[])


@blueprint.post("/nodes/codes/<name>/cancel")
def cancel_code(name: str) -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    Bare.checked()
    Enrolment(site().node).cancel(name)
    return redirect(url_for("nodes.page", cancelled=1), 303)


@blueprint.get("/nodes/stick")
def stick_page() -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    return _place_page("stick.html", StickForm(formdata=None))


@blueprint.post("/nodes/stick")
def answer_stick() -> ResponseReturnValue:
    """Answer a request on a stick; the card waits to be downloaded under its check."""
    presence.require(ADMINISTERS)
    form = StickForm()
    if not form.validate_on_submit():
        return _place_page("stick.html", form), 422
    office, wish, by = Enrolment(site().node), form.wish(), presence.person().id
    try:
        answer, check = office.answer_file(form.request.data.read(), form.check.data, wish, by=by)
    except NotGranted as why:
        return _place_page("stick.html", form, why), 422
    except Misspelled:
        form.check.errors = [
            "Mã đối chiếu chưa đúng: 20 chữ và số, chia bốn nhóm. Gõ lại như trên màn hình máy trạm."
        ]
        return _place_page("stick.html", form), 422
    except Malformed:
        form.request.errors = ["Tệp này không phải yêu cầu của máy trạm, hoặc đã hỏng. Chép lại từ máy trạm."]
        return _place_page("stick.html", form), 422
    _answers.keep(check, answer)
    return render_template("stick.html", form=form, check=check, wish=wish, agencies=[])


@blueprint.get("/nodes/cards/<check>")
def card_file(check: str) -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    answer = _answers.get(check)
    if answer is None:
        raise NotFound
    headers = {"Content-Disposition": "attachment; filename=motcua.card"}
    return Response(answer, mimetype="application/octet-stream", headers=headers)


@blueprint.get("/nodes/root.crt")
def root() -> ResponseReturnValue:
    """The centre's certificate, for the browsers of other PCs."""
    headers = {"Content-Disposition": "attachment; filename=motcua-root.crt"}
    return Response(site().node.catalog.root, mimetype="application/x-x509-ca-cert", headers=headers)


@blueprint.get("/nodes/<node>/revoke")
def revoke_page(node: str) -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    return _revoke_page(_open_card(node), RevokeForm(formdata=None))


@blueprint.post("/nodes/<node>/revoke")
def revoke(node: str) -> ResponseReturnValue:
    presence.require(ADMINISTERS)
    card, form = _open_card(node), RevokeForm()
    if not form.validate_on_submit():
        return _revoke_page(card, form), 422
    try:
        Enrolment(site().node).revoke(node, form.why.data, by=presence.person().id)
    except NotGranted as why:
        form.why.errors = [_words(why)]
        return _revoke_page(card, form), 422
    return redirect(url_for("nodes.page", revoked=node), 303)


def _open_card(node: str) -> Card:
    card = site().view.card(node)
    if card is None or not card.opens or node == site().node.id:
        raise NotFound
    return card


def _revoke_page(card: Card, form: RevokeForm) -> str:
    if card.front:
        form.why.choices = [
            Choice(why, words) for why, words in {**WHY_WORDS, "retired": NO_LAST_ACT}.items()
        ]
    return render_template(
        "revoke.html",
        form=form,
        errors=form.error_list(),
        card=card,
        closed_on=Enrolment(site().node).closed_on(card.node),
        contact=site().node.contacts.of(card.node),
    )


def _place_page(template: str, form: PlaceForm, why: NotGranted | None = None) -> str:
    errors = form.error_list()
    if why is not None:
        errors.append((FIELD_OF.get(why.because, "place"), _words(why)))
    return render_template(
        template,
        form=form,
        errors=errors,
        agencies=site().view.agencies(),
        made=None,
        check=None,
        url=_own_url(),
    )


def _words(why: NotGranted) -> str:
    told = REFUSED.get(why.because)
    return say(told or "Trung tâm chưa làm được việc này. Chưa có gì thay đổi.", **why.facts)


def _own_url() -> str:
    return site().card.address or request.host_url.rstrip("/")
