"""One machine: what it said of itself, the numbers that it was granted and more of them, and the catalog, sent now."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Regexp

from central.alarm_words import in_words
from central.centre import Numbers
from central.enrolment import Enrolment
from central.errors import NotGranted
from central.sending import address_of, send_catalog
from central.web import cards
from central.web.nodes import ADMINISTERS, machines
from edge.web import presence
from edge.web.forms import Bare, Choice, Form, needed, text
from edge.web.site import site

blueprint: Final = cards.blueprint
WHAT: Final = {
    "receipt": "biên lai thu phí, lệ phí",
    "result": "số văn bản kết quả của một cơ quan",
    "pad": "giấy tiếp nhận ghi tay, in sẵn số",
    "ticket": "phiếu số thứ tự, tính lại mỗi ngày",
}
SYMBOL: Final = {
    "receipt": "Ký hiệu biên lai, ví dụ 27TAA; mẫu biên lai ghi ở ô bên.",
    "result": "Mã cơ quan, ví dụ H37.08.",
    "pad": "Tên quyển, ví dụ A.",
    "ticket": "Chữ đầu của hàng, hoặc * cho mọi hàng.",
}
REFUSED: Final = {
    "range_taken": (
        "first",
        "Một phần các số này đã cấp cho máy khác hoặc máy này. Không số nào được cấp hai lần.",
    ),
    "range_order": ("last", "Số cuối nhỏ hơn số đầu."),
}
NOT_SENT: Final = {
    "no_address": "Trung tâm không có địa chỉ của máy này. Máy tự lấy danh mục ở lần liên lạc tới; hoặc chép bằng USB.",
    "out_of_reach": "Máy này không trả lời. Chưa có gì mất: máy tự lấy danh mục khi liên lạc được; hoặc chép bằng USB.",
}
_DIGITS: Final = Regexp(r"^\s*[0-9]{1,8}\s*\Z", message="Số có từ 1 đến 8 chữ số.")


class GrantForm(Form):
    """Numbers that a machine may give ahead of time."""

    what = RadioField(
        "Số của loại giấy nào",
        choices=[Choice(name, words) for name, words in WHAT.items()],
        validators=[InputRequired("Chưa chọn loại giấy.")],
    )
    symbol = StringField("Ký hiệu", validators=needed("Chưa ghi ký hiệu."))
    form = StringField("Mẫu biên lai")
    first = StringField("Từ số", validators=[*needed("Chưa ghi số đầu."), _DIGITS])
    last = StringField("Đến số", validators=[*needed("Chưa ghi số cuối."), _DIGITS])

    def numbers(self) -> Numbers:
        """Raises `msgspec.ValidationError`."""
        given = {
            "what": self.what.data,
            "symbol": text(self.symbol.data),
            "form": text(self.form.data),
            "first": int(text(self.first.data)),
            "last": int(text(self.last.data)),
        }
        return msgspec.convert(given, Numbers)


@blueprint.get("/nodes/<node>")
def machine_page(node: str) -> ResponseReturnValue:
    """For administrators. 404 for a node that never had a card."""
    presence.require(ADMINISTERS)
    return _render(node, GrantForm(formdata=None))


@blueprint.post("/nodes/<node>/numbers")
def grant_numbers(node: str) -> ResponseReturnValue:
    """More numbers, by an entry of the catalog; the machine has them when the catalog comes."""
    presence.require(ADMINISTERS)
    form = GrantForm()
    if not form.validate_on_submit():
        return _render(node, form), 422
    try:
        granted = Enrolment(site().node).grant_numbers(node, form.numbers(), by=presence.person().id)
    except NotGranted as why:
        field, said = REFUSED.get(why.because, ("what", "Trung tâm chưa cấp được. Chưa có gì thay đổi."))
        return _render(node, form, [(field, said)]), 422
    except msgspec.ValidationError:
        return _render(node, form, [("first", "Số đầu và số cuối từ 1 đến 99.999.999.")]), 422
    return redirect(url_for(".machine_page", node=node, granted=granted.last - granted.first + 1), 303)


@blueprint.post("/nodes/<node>/catalog")
def send(node: str) -> ResponseReturnValue:
    """Bring the machine the newest catalog now."""
    presence.require(ADMINISTERS)
    Bare.checked()
    try:
        sent = send_catalog(site().node, node)
    except NotGranted as why:
        return _render(node, GrantForm(formdata=None), not_sent=NOT_SENT.get(why.because, "")), 409
    return redirect(url_for(".machine_page", node=node, sent=sent.number, written=sent.written), 303)


def _render(
    node: str,
    form: GrantForm,
    refused: list[tuple[str, str]] | None = None,
    *,
    not_sent: str = "",
) -> str:
    here = site()
    machine = next((one for one in machines(here) if one.card.node == node), None)
    if machine is None:
        raise NotFound
    return render_template(
        "machine.html",
        machine=machine,
        alarms=[(one.wrong.is_bad, in_words(one, here.now())) for one in machine.alarms],
        ranges=[one for one in here.view.all_ranges() if one.node == node],
        left={(one.what, one.symbol, one.first): one for one in machine.state.ranges}
        if machine.state
        else {},
        what=WHAT,
        symbols=SYMBOL,
        form=form,
        errors=[*form.error_list(), *(refused or [])],
        address=address_of(here.node, machine.card),
        catalog=here.node.catalog.number,
        not_sent=not_sent,
        granted=request.args.get("granted", 0, type=int),
        sent=request.args.get("sent", 0, type=int),
        written=request.args.get("written", 0, type=int),
    )
