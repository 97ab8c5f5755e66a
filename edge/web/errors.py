"""The pages for what no page could handle itself."""

from __future__ import annotations

import logging
from typing import Final

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, RequestEntityTooLarge

from edge.archive import Damaged
from edge.chain import ClockBehind
from edge.errors import NodeError
from edge.web.forms import OLD_PAGE
from edge.web.language import english, say
from edge.web.limits import TooOften
from edge.web.trouble import Trouble, trouble_of
from edge.web.uploads import most_bytes, read_nothing
from schemas.errors import Refused
from sync.errors import Unavailable

log = logging.getLogger(__name__)

_NOT_FOUND = Trouble(
    "Không có trang này.", "Không việc nào bị mất.", "Kiểm tra địa chỉ, hoặc tìm hồ sơ theo số.", 404
)
_TOO_LARGE = Trouble(
    "Nội dung gửi lên quá dài.", "Chưa có gì được lưu.", "Quay lại trang trước và rút gọn.", 413
)
_OURS = Trouble(
    "Phần mềm gặp lỗi khi làm việc này. Lỗi đã được ghi lại.",
    "Mọi việc đã báo “Đã lưu” vẫn an toàn; việc vừa làm thì chưa chắc.",
    "Quay lại trang trước, xem hồ sơ đã có việc đó chưa rồi hãy làm lại. Nếu lặp lại, báo quản trị.",
    500,
)
_CLOSING = Trouble(
    "Máy đang đóng phần mềm.",
    "Mọi việc đã báo “Đã lưu” vẫn an toàn.",
    "Khi phần mềm chạy lại, mở lại trang này.",
    503,
)
AGAIN_S: Final = "5"
"""After this long a page asks again by itself, in seconds."""


def _file_too_large(most: int, sent: int) -> Trouble:
    mega = 1024 * 1024
    return Trouble(
        say("Tệp gửi lên {sent} MB, giới hạn {most} MB.", sent=sent // mega, most=most // mega),
        "Chưa nhận tệp nào; hồ sơ và giấy hẹn vẫn có hiệu lực.",
        "Quay lại trang trước. Quét lại 200 dpi, hoặc chia thành nhiều tệp.",
        413,
    )


def install(app: Flask) -> None:
    """Give an app a page for every error that a view lets through: what happened, what is safe, what to do."""
    for kind in (Refused, NodeError, ClockBehind, Unavailable, Damaged):
        app.register_error_handler(kind, _refused)
    app.register_error_handler(TooOften, _too_often)
    app.register_error_handler(CSRFError, _old_page)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InternalServerError, _ours)


def _refused(why: Exception) -> ResponseReturnValue:
    return page(trouble_of(why))


def _too_often(why: TooOften) -> ResponseReturnValue:
    answer = page(trouble_of(why))
    answer.headers["Retry-After"] = str(why.wait_s)
    return answer


def _old_page(_why: CSRFError) -> ResponseReturnValue:
    return page(Trouble(OLD_PAGE, "Không việc nào bị mất.", "Quay lại trang trước rồi bấm lại.", 400))


def _http(why: HTTPException) -> ResponseReturnValue:
    if isinstance(why, NotFound):
        return page(_NOT_FOUND)
    if isinstance(why, RequestEntityTooLarge):
        most, sent = most_bytes(), request.content_length
        read_nothing()
        return page(_TOO_LARGE if most is None else _file_too_large(most, sent or 0))
    if why.code is None or why.code < 400:
        return why.get_response()
    return page(
        Trouble(
            "Không mở được trang theo cách này.", "Chưa có gì được lưu.", "Quay lại trang trước.", why.code
        )
    )


def _ours(why: InternalServerError) -> ResponseReturnValue:
    log.error("a page failed", exc_info=why.original_exception)
    return page(_OURS)


def page(trouble: Trouble) -> Response:
    """A whole page for a trouble; anybody may see it, signed in or not."""
    signed_in = getattr(g, "person", None)
    try:
        return make_response(
            render_template("trouble.html", trouble=trouble, signed_in=signed_in), trouble.status
        )
    except Unavailable:  # not even what stands on every page can be read: the node closes
        return _closing()


def _closing() -> Response:
    """Without anything of the node, so in both languages: which one somebody chose cannot be read either."""
    vietnamese = (_CLOSING.what, _CLOSING.safe, _CLOSING.todo)
    told = {"vi": vietnamese, "en": [english()[line][0] for line in vietnamese]}
    bare = current_app.jinja_env.get_template("closing.html")
    answer = make_response(bare.render(told=told), _CLOSING.status)
    if request.method == "GET":
        answer.headers["Refresh"] = AGAIN_S
    return answer
