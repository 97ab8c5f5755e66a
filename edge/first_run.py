"""The first page of a machine that has no card yet: what to do, and the code or the files with which it gets one.

It is served to this machine's own browser alone, by plain HTTP on loopback, from the moment the program was installed
and started until the card is there; then the node starts in its place. Whatever page is asked for, this one answers. A
power cut, or the command `motcua enrol` given beside it, does no harm: what counts is the folder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
from flask import Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from flask_wtf.file import FileField, FileRequired
from werkzeug.exceptions import HTTPException, MisdirectedRequest, RequestEntityTooLarge
from wtforms import StringField

from edge.enrolment import MAX_ANSWER_BYTES, Machine, asked_in, own_keys
from edge.errors import CannotStart, NotEnrolled
from edge.folder import Folder
from edge.host_names import is_ours
from edge.ids import Ids
from edge.server import serving
from edge.settings import read_settings
from edge.web.appearance import install_words
from edge.web.forms import Bare, Form, needed, text
from edge.web.headers import install as install_headers
from edge.web.language import say, speak_as_asked
from edge.web.trouble import Trouble
from edge.web.uploads import InMemory
from schemas.enrolment import Misspelled, check_of
from schemas.entries import Card

HERE: Final = "127.0.0.1"
_NAMES: Final = frozenset({"localhost"})
_FORM_BYTES: Final = 64 * 1024
_NOTHING: Final = "Máy chưa nhận gì; mọi thứ vẫn như trước."

REFUSED: Final = {
    "own_address": (
        "Địa chỉ của máy này chưa đúng dạng.",
        "Ghi như https://10.0.0.13:8600, chữ thường, hoặc để trống.",
    ),
    "address": ("Địa chỉ của Trung tâm chưa đúng dạng.", "Ghi như https://10.0.0.2:8600."),
    "open": ("Địa chỉ http không được mã hóa.", "Ghi địa chỉ bắt đầu bằng https://."),
    "silent": (
        "Trung tâm không trả lời ở địa chỉ này.",
        "Kiểm tra cáp mạng và địa chỉ, rồi bấm lại: vẫn dùng được mã đó. Không có đường mạng thì dùng USB.",
    ),
    "stranger": (
        "Máy trả lời ở địa chỉ này không biết mã, nên không phải Trung tâm đã tạo mã.",
        "Kiểm tra địa chỉ và đường mạng. Tạo mã mới trước khi thử lại.",
    ),
    "middle": (
        "Có máy khác chen giữa máy này và Trung tâm.",
        "Nối mạng thẳng, không qua proxy, rồi thử lại. Báo quản trị.",
    ),
    "unknown_code": ("Trung tâm không nhận mã này, hoặc mã hết hiệu lực.", "Tạo mã mới ở Trung tâm."),
    "used_code": ("Mã này đã dùng cho máy khác.", "Tạo mã mới ở Trung tâm."),
    "old_code": ("Mã đã quá 30 phút.", "Tạo mã mới ở Trung tâm."),
    "wrong_code": ("Mã chưa đúng.", "Nghe đọc lại từng nhóm rồi gõ lại. Sai 5 lần thì mã hết hiệu lực."),
    "void_code": ("Mã đã bị gõ sai 5 lần nên hết hiệu lực.", "Tạo mã mới ở Trung tâm."),
    "twin": (
        "Máy trạm khác đang dùng địa chỉ này.",
        "Nếu hai máy trạm ở cùng một máy tính, ghi địa chỉ khi tạo mã ở Trung tâm.",
    ),
    "names": (
        "Địa chỉ của máy này không thuộc các tên và mạng của Trung tâm.",
        "Dùng địa chỉ mạng nội bộ, hoặc hỏi quản trị Trung tâm.",
    ),
    "refused": ("Trung tâm không cấp thẻ.", "Xem trang Máy trạm ở Trung tâm, rồi tạo mã mới."),
    "damaged": ("Nội dung nhận về không nguyên vẹn.", "Bấm lại. Nếu lặp lại, tạo mã mới ở Trung tâm."),
    "check": (
        "Tệp này không khớp mã đối chiếu.",
        "Xem lại mã trên màn hình Trung tâm, hoặc chép lại tệp: có thể tệp đã bị đổi.",
    ),
    "no_request": ("Máy này chưa tạo yêu cầu nào.", "Tạo tệp yêu cầu trước, mang sang Trung tâm."),
    "not_ours": ("Thẻ này cấp cho máy khác, hoặc tệp hỏng.", "Tạo lại yêu cầu và xin thẻ mới."),
}
"""Why there is no card yet, and what to do, by `NotEnrolled.because`."""
FIELDS: Final = {"own_address": "own", "address": "url", "open": "url", "silent": "url", "wrong_code": "code"}
"""Which answer it is about, where that is one."""


class ByCode(Form):
    """A card over the line: the one-time code, where central is, and where others will find this machine."""

    code = StringField("Mã dùng một lần", filters=[text], validators=needed("Chưa gõ mã."))
    url = StringField(
        "Địa chỉ của Trung tâm", filters=[text], validators=needed("Chưa ghi địa chỉ của Trung tâm.")
    )
    own = StringField("Địa chỉ của máy này", filters=[text])


class ByStick(Form):
    """A card from a stick: the answer's file, and the check word that was read aloud at central."""

    file = FileField("Tệp thẻ", validators=[FileRequired("Chưa chọn tệp thẻ trên USB.")])
    check = StringField(
        "Mã đối chiếu của thẻ", filters=[text], validators=needed("Chưa gõ mã đối chiếu của thẻ.")
    )


def create_first_run(data: Path, port: int, ids: Ids) -> Flask:
    """The page of the machine that is to be in the folder `data`, at this port."""
    app = Flask("edge", static_folder="static", template_folder="templates")
    app.request_class = InMemory
    app.config.update(
        SECRET_KEY=ids.salt() + ids.salt(),
        SESSION_COOKIE_NAME="motcua-first-run",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=_FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,
    )
    install_words(app)
    app.jinja_env.globals.update(person=None, token=Bare)
    folder, one_at_a_time = Folder(data), threading.Lock()

    def machine(own: str = "") -> Machine:
        return Machine(data, address=own.rstrip("/"), port=port, ids=ids)

    @app.before_request
    def ours() -> ResponseReturnValue | None:
        """A page of another site that leads a browser here by a name of its own reads nothing, and does nothing."""
        if not is_ours(request.headers.get("Host", ""), _NAMES):
            raise MisdirectedRequest
        speak_as_asked()
        if request.endpoint in _FOR_PROGRAMS or "text/html" in request.headers.get("Accept", ""):
            return None
        reason = "this machine has no card yet: open this address in a browser on it"
        return Response(
            msgspec.json.encode({"error": "not_enrolled", "reason": reason}),
            HTTPStatus.SERVICE_UNAVAILABLE,
            mimetype="application/json",
        )

    @app.get("/healthz")
    def alive() -> Response:
        return Response(b'{"status":"ok"}', mimetype="application/json")

    @app.get("/readyz")
    def ready() -> Response:
        said = b'{"status":"unready","why":["no-card"]}'
        return Response(said, HTTPStatus.SERVICE_UNAVAILABLE, mimetype="application/json")

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def page(path: str) -> ResponseReturnValue:
        return shown()

    @app.post("/enrol")
    def enrol() -> ResponseReturnValue:
        form = ByCode()
        if not form.validate_on_submit():
            return shown(by_code=form), HTTPStatus.UNPROCESSABLE_ENTITY
        return tried(
            lambda: machine(form.own.data or "").ask(form.code.data, form.url.data.rstrip("/")), by_code=form
        )

    @app.post("/request")
    def ask() -> ResponseReturnValue:
        Bare.checked()
        try:
            with one_at_a_time:
                machine(text(request.form.get("own"))).request()
        except NotEnrolled as why:
            return shown(why), HTTPStatus.UNPROCESSABLE_ENTITY
        return redirect(url_for("page", _anchor="usb"), HTTPStatus.SEE_OTHER)

    @app.get("/request.file")
    def request_file() -> ResponseReturnValue:
        asked = asked_in(folder)
        if asked is None:
            return redirect(url_for("page"), HTTPStatus.SEE_OTHER)
        headers = {"Content-Disposition": f'attachment; filename="{data.name}.request"'}
        return Response(asked, mimetype="application/octet-stream", headers=headers)

    @app.post("/card")
    def take() -> ResponseReturnValue:
        request.max_content_length = MAX_ANSWER_BYTES
        form = ByStick()
        if not form.validate_on_submit():
            return shown(by_stick=form), HTTPStatus.UNPROCESSABLE_ENTITY
        return tried(
            lambda: machine().take(form.file.data.read(), form.check.data, "the file"), by_stick=form
        )

    def tried(what: Callable[[], Card], **forms: Form) -> ResponseReturnValue:
        try:
            with one_at_a_time:
                card = what()
        except Misspelled as why:
            (form,) = forms.values()
            form[why.what].errors = [
                "Gõ chưa đúng: 20 chữ và số, chia bốn nhóm. Nghe đọc lại từng nhóm, rồi gõ lại."
            ]
            return shown(**forms), HTTPStatus.UNPROCESSABLE_ENTITY
        except NotEnrolled as why:
            return shown(why, **forms), HTTPStatus.UNPROCESSABLE_ENTITY
        except CannotStart:  # somebody else was quicker, by the command
            return redirect(url_for("page"), HTTPStatus.SEE_OTHER)
        return done(card)

    def done(card: Card | None) -> str:
        home = f"http://{HERE}:{read_settings(data).port}/"
        return render_template("first_run_done.html", card=card, home=home, errors=[], trouble=None)

    def shown(
        why: NotEnrolled | Trouble | None = None,
        by_code: Form | None = None,
        by_stick: Form | None = None,
    ) -> str:
        if folder.settings.exists():
            return done(None)
        asked = asked_in(folder)
        form = by_code or by_stick
        errors = form.error_list() if form is not None else []
        trouble = _trouble(why)
        if isinstance(why, NotEnrolled) and why.because in FIELDS and by_code is not None:
            errors, trouble = [(FIELDS[why.because], f"{say(trouble.what)} {say(trouble.todo)}")], None  # type: ignore[union-attr]
        return render_template(
            "first_run.html",
            by_code=by_code or ByCode(formdata=None),
            by_stick=by_stick or ByStick(formdata=None),
            errors=errors,
            trouble=trouble,
            check=check_of(asked) if asked is not None else "",
            place=data.name,
        )

    @app.errorhandler(CSRFError)
    def old_page(_why: CSRFError) -> ResponseReturnValue:
        said = Trouble("Trang mở đã lâu nên chưa làm gì.", _NOTHING, "Bấm lại lần nữa.", 400)
        return shown(said), HTTPStatus.BAD_REQUEST

    @app.errorhandler(HTTPException)
    def other(why: HTTPException) -> ResponseReturnValue:
        if isinstance(why, MisdirectedRequest) or why.code is None or why.code < HTTPStatus.BAD_REQUEST:
            return why.get_response()
        what = "Tệp quá lớn." if isinstance(why, RequestEntityTooLarge) else "Không làm được theo cách này."
        return shown(Trouble(what, _NOTHING, "Làm lại từ trang này.", why.code)), why.code

    install_headers(app)
    return app


_FOR_PROGRAMS: Final = frozenset({"alive", "ready", "static", "request_file"})


def _trouble(why: NotEnrolled | Trouble | None) -> Trouble | None:
    if not isinstance(why, NotEnrolled):
        return why
    what, todo = REFUSED.get(why.because, REFUSED["refused"])
    return Trouble(what, _NOTHING, todo)


def wait_for_card(
    data: Path, port: int, ids: Ids, began: Callable[[str], None], wait: Callable[[], bool]
) -> None:
    """Serve the page until the folder holds a node, or `wait` says that it is enough. `began` hears where.

    Raises `CannotStart`.
    """
    own_keys(Folder(data))  # what is wrong with the folder is said now
    settings = Folder(data).settings

    app = create_first_run(data, port, ids)
    with serving(app, HERE, port) as (_, bound):
        began(f"http://{HERE}:{bound}/")
        while not settings.exists() and not wait():
            pass
