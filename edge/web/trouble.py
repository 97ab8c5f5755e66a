"""Errors to a person: what happened, what is safe, what to do. No codes, no blame.

One table for all pages: by the type of the refusal and its fields, never by its English text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from edge.archive import Damaged
from edge.chain import ClockBehind, ClockJumped
from edge.errors import (
    CannotSign,
    CentreOutOfReach,
    NodeError,
    NotAtCounter,
    NotEnoughCash,
    NotGiven,
    NotTaken,
    NotYours,
    UnreadablePdf,
    WeakSecret,
    WrongPassword,
    WrongPin,
)
from edge.web import words
from edge.web.language import say
from edge.web.limits import TooOften
from edge.web.uploads import BadUpload
from schemas.acts import Status
from schemas.entries import Role
from schemas.errors import (
    Because,
    NoDueMoment,
    NoNumber,
    NotAllowed,
    NumbersUsedUp,
    ReceiptsUsedUp,
    Refused,
    TicketsUsedUp,
)
from sync.errors import DiskFull, Unavailable

Expected = (Refused, NodeError, ClockBehind, DiskFull)
"""What an act may fail with; pages catch exactly this, show it, and keep what was typed."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a page says when an act was not done; `status` is the HTTP status that goes with it."""

    what: str
    safe: str
    todo: str
    status: int = 409


_UNCHANGED: Final = "Chưa có gì được lưu; việc trước đó vẫn nguyên."

_BECAUSE: Final = {
    Because.UNKNOWN_KIND: Trouble(
        "Máy này chưa biết loại việc này.", _UNCHANGED, "Báo quản trị cập nhật phần mềm của máy."
    ),
    Because.NO_SUCH_PERSON: Trouble(
        "Tên của anh/chị chưa có trong danh mục.", _UNCHANGED, "Báo quản trị thêm tên ở Danh mục.", 403
    ),
    Because.ROLE: Trouble(
        "Anh/chị chưa được giao việc này.",
        _UNCHANGED,
        "Nhờ người được giao, hoặc báo quản trị giao thêm vai trò.",
        403,
    ),
    Because.DUTY: Trouble(
        "Máy này không được giao việc này.",
        _UNCHANGED,
        "Làm ở máy được giao, hoặc báo quản trị đổi thẻ máy.",
        403,
    ),
    Because.STATUS: Trouble(
        "Hồ sơ không ở bước này.",
        "Mọi việc đã ghi vẫn nguyên; chưa lưu thêm gì.",
        "Xem mục Việc đã làm của hồ sơ, rồi chọn việc tiếp theo.",
    ),
    Because.CONTESTED: Trouble(
        "Hồ sơ đang tranh chấp.",
        "Mọi việc đã ghi đều còn nguyên.",
        "Chờ Trung tâm đối soát hoặc gọi số trực.",
    ),
    Because.NOT_APPRAISED: Trouble(
        "Hồ sơ chưa được thẩm định đạt.", _UNCHANGED, "Chuyển lại để thẩm định trước khi phê duyệt."
    ),
    Because.SAME_PERSON: Trouble(
        "Anh/chị đã làm một việc trước của hồ sơ này; việc này phải do người khác làm.",
        _UNCHANGED,
        "Nhờ người khác có vai trò này.",
        403,
    ),
    Because.SIGNATURE: Trouble(
        "Chữ ký số không khớp với việc này.", "Chưa có gì được ký.", "Cắm lại thẻ ký số, rồi ký lại."
    ),
    Because.CERTIFICATE: Trouble(
        "Chứng thư trên thẻ chưa có trong danh mục.",
        "Chưa có gì được ký.",
        "Báo quản trị thêm chứng thư của anh/chị.",
    ),
    Because.NO_SUCH_CONFLICT: Trouble(
        "Tranh chấp này vừa đổi: có thêm việc mới, hoặc đã được đối soát.",
        "Chưa ghi quyết định nào.",
        "Mở lại danh sách đối soát và xem các bên hiện có.",
    ),
    Because.TOOK_PART: Trouble(
        "Anh/chị là một bên của tranh chấp này nên không đối soát được.",
        "Chưa ghi quyết định nào.",
        "Nhờ công chức đối soát khác.",
        403,
    ),
    Because.NO_SUCH_PROCEDURE: Trouble(
        "Thủ tục này chưa có hoặc không còn hiệu lực hôm nay.",
        "Các ô khác vẫn giữ nguyên.",
        "Tìm và chọn lại thủ tục.",
    ),
    Because.NUMBER: Trouble(
        "Dải số của máy này không dùng được hôm nay.",
        "Bản đang nhập vẫn còn trên trang.",
        "Xem lại ngày giờ của máy, rồi báo quản trị gia hạn dải số.",
    ),
    Because.DATA: Trouble(
        "Nội dung vừa gửi không khớp với hồ sơ.", _UNCHANGED, "Mở lại hồ sơ, xem lại rồi ghi lần nữa."
    ),
    Because.RESTS_ON: Trouble(
        "Việc này dựa trên một việc chưa có ở đây.", _UNCHANGED, "Chờ các việc trước đó tới, rồi làm lại."
    ),
    Because.INCOMPLETE: Trouble(
        "Hồ sơ chưa đủ: còn chờ việc trước đó từ máy khác.",
        "Các việc đã có ở máy này vẫn nguyên.",
        "Chờ máy kia nối lại; xem trang Đồng bộ.",
    ),
    Because.WITNESS: Trouble(
        "Việc này cần người thứ hai.",
        _UNCHANGED,
        "Mời người có thẩm quyền đăng nhập xác nhận tại máy này.",
        403,
    ),
    Because.DELEGATION: Trouble(
        "Văn bản uỷ quyền không có hiệu lực cho việc này hôm nay.",
        "Chưa có gì được ký.",
        "Nhờ người có thẩm quyền khác, hoặc báo quản trị cập nhật văn bản uỷ quyền.",
        403,
    ),
    Because.CATALOG_AGE: Trouble(
        "Danh mục ở máy này đã quá cũ: quyết định cần thêm người thứ hai.",
        "Việc tiếp nhận, thu phí, trả kết quả vẫn làm bình thường.",
        "Mời một cán bộ khác đăng nhập xác nhận tại máy này, hoặc nối máy với Trung tâm để nhận danh mục mới.",
        403,
    ),
    Because.SHIFT: Trouble(
        "Quầy này chưa mở ca thu, hoặc ca đang mở là của người khác.",
        "Chưa thu đồng nào; hồ sơ vẫn nguyên.",
        "Mở ca ở trang Ca thu; nếu ca của người khác còn mở, nhờ người đó đếm tiền và đóng ca.",
    ),
    Because.ORIGINALS: Trouble(
        "Người nhận chưa nộp đủ bản chính.",
        "Kết quả vẫn ở đây; chưa ghi gì.",
        "Thu đủ bản chính mà thủ tục yêu cầu, đánh dấu từng giấy, rồi trả kết quả.",
    ),
    Because.AGENCY: Trouble(
        "Hồ sơ này không giao cho cơ quan của anh/chị.",
        _UNCHANGED,
        "Chỉ làm với hồ sơ của cơ quan mình, hoặc được chuyển, được hỏi ý kiến.",
        403,
    ),
    Because.MONEY: Trouble(
        "Số tiền không khớp với biên lai đã thu.", _UNCHANGED, "Xem lại biên lai của hồ sơ, rồi ghi lần nữa."
    ),
}

_NOTHING_SIGNED: Final = "Chưa có gì được ký."


def _signing(what: str, todo: str) -> Trouble:
    return Trouble(what, _NOTHING_SIGNED, todo, 422)


_SIGNING: Final = {
    "no_token": _signing("Không đọc được thẻ ký số.", "Cắm lại thẻ, rồi ký lại."),
    "no_module": _signing(
        "Máy này chưa cài trình điều khiển của thẻ ký số.",
        "Báo quản trị cài thư viện PKCS#11 ghi trong cấu hình.",
    ),
    "wrong_pin": _signing("Mã PIN thẻ ký số chưa đúng.", "Gõ lại mã PIN của thẻ, rồi ký lại."),
    "last_try": _signing(
        "Mã PIN thẻ ký số chưa đúng; sai một lần nữa thẻ sẽ bị khoá.",
        "Dừng lại, tìm đúng mã PIN rồi mới gõ tiếp.",
    ),
    "locked": _signing(
        "Thẻ ký số đã bị khoá vì gõ sai mã PIN nhiều lần.",
        "Liên hệ nơi cấp thẻ để mở khoá; nhờ người khác ký.",
    ),
    "removed": _signing("Thẻ ký số bị rút ra khi đang ký.", "Cắm lại thẻ, chờ đèn sáng, rồi ký lại."),
    "device": _signing("Thẻ ký số báo lỗi.", "Rút thẻ, cắm lại, rồi ký lại. Nếu lặp lại, báo quản trị."),
    "algorithm": _signing(
        "Loại khoá trên thẻ chưa dùng được ở đây.", "Báo quản trị xin chứng thư RSA, P-256 hoặc Ed25519."
    ),
    "not_yours": _signing(
        "Thẻ ký số đang cắm không phải của anh/chị.",
        "Cắm thẻ của mình, hoặc báo quản trị thêm chứng thư vào danh mục.",
    ),
    "not_yet": _signing(
        "Chứng thư trên thẻ chưa tới ngày dùng.", "Xem lại ngày của máy; nếu đúng, chờ tới ngày có hiệu lực."
    ),
    "expired": _signing(
        "Chứng thư trên thẻ đã hết hạn.", "Xem lại ngày của máy; nếu đúng, xin gia hạn chứng thư."
    ),
    "usage": _signing("Chứng thư trên thẻ không dùng để ký văn bản.", "Cắm thẻ có chứng thư ký số."),
    "unreadable": _signing("Chứng thư trên thẻ không đọc được.", "Báo quản trị xem lại chứng thư."),
    "unknown_issuer": _signing(
        "Nơi cấp chứng thư trên thẻ chưa được tin cậy ở đây.",
        "Báo quản trị thêm chứng thư của nơi cấp vào danh mục.",
    ),
    "revoked": _signing("Chứng thư trên thẻ đã bị thu hồi.", "Không dùng thẻ này nữa. Báo quản trị."),
    "pdf": _signing("Chưa ký được tệp PDF này.", "Mở lại hồ sơ rồi ký lại. Nếu lặp lại, báo quản trị."),
    "no_result": _signing(
        "Tệp kết quả chưa tới máy này.", "Chờ máy đã ký nối lại; tệp tự về, rồi làm lại bước này."
    ),
    "no_stamp": _signing(
        "Thủ tục này không qua văn thư nên không có bản giấy để đóng dấu và quét.", "Ký số văn bản này."
    ),
    "not_verified": _signing(
        "Văn bản vừa ký đọc lại không đúng.", "Không trả văn bản này; thu hồi rồi ký lại. Báo quản trị."
    ),
    "no_form": _signing(
        "Văn bản đã ký không có chỗ ghi số, ngày.", "Trả lại để thẩm định, rồi ký bằng mẫu mới."
    ),
    "attachment_signed": _signing(
        "Tài liệu kèm theo đã có chữ ký số sẵn.",
        "Trả lại hồ sơ; kèm bản chưa ký, hoặc trao riêng tài liệu đó.",
    ),
}
_SEAL_TOKEN: Final = re.compile(r"[GH][0-9]{2}(\.[0-9]{2,3})*\Z")
"""An agency's code: the token is the one that seals."""

_UPLOADS: Final = {
    "missing": Trouble("Chưa chọn tệp.", _UNCHANGED, "Chọn tệp rồi gửi lại.", 422),
    "large": Trouble("Tệp lớn quá mức cho phép.", _UNCHANGED, "Chia nhỏ hoặc chọn tệp khác.", 413),
    "kind": Trouble(
        "Nội dung tệp không phải loại mà trang này nhận.", _UNCHANGED, "Chọn đúng tệp rồi gửi lại.", 415
    ),
}

_NOTHING_TAKEN: Final = "Chưa nhận gì từ gói này; việc ở cả hai máy vẫn nguyên."
_NOT_TAKEN: Final = {
    "none": Trouble("Tệp này không phải gói chuyển bằng USB.", _NOTHING_TAKEN, "Chọn gói khác."),
    "newer": Trouble(
        "Gói này do phần mềm mới hơn ghi.", _NOTHING_TAKEN, "Báo quản trị cập nhật máy này, rồi nhận lại."
    ),
    "damaged": Trouble(
        "Gói này bị hỏng hoặc đã bị sửa.",
        _NOTHING_TAKEN,
        "Ghi lại gói ở máy gửi, tốt nhất vào USB khác. Nếu lặp lại, báo quản trị.",
    ),
    "elsewhere": Trouble(
        "Gói này cho máy khác, chỉ máy đó mở được.", _NOTHING_TAKEN, "Mang USB tới máy ghi trên gói."
    ),
    "own": Trouble("Gói này do chính máy này ghi.", _NOTHING_TAKEN, "Mang USB tới máy ghi trên gói."),
    "unknown": Trouble(
        "Máy này chưa biết máy đã ghi gói.",
        _NOTHING_TAKEN,
        "Nhận gói của Trung tâm trước để có danh mục mới, rồi nhận lại gói này.",
    ),
    "ended": Trouble(
        "Thẻ của máy đã ghi gói không còn hiệu lực.",
        _NOTHING_TAKEN,
        "Giữ USB lại và báo quản trị: Trung tâm cứu được việc của máy đó.",
    ),
    "old": Trouble(
        "Gói này đã quá 60 ngày: hồ sơ trong gói có thể đã được dọn khỏi máy này.",
        _NOTHING_TAKEN,
        "Ghi gói mới ở máy gửi. Nếu máy gửi đã mất, đánh dấu “nhận dù cũ” rồi nhận.",
    ),
    "busy": Trouble("Đang ghi hoặc nhận một gói khác.", _NOTHING_TAKEN, "Chờ gói kia xong rồi làm lại."),
}
_NOTHING_LEFT: Final = "Trên USB không để lại gói dở; việc ở máy này vẫn nguyên."
_NOT_GIVEN: Final = {
    "receiver": Trouble("Máy nhận không còn thẻ.", _NOTHING_LEFT, "Chọn máy nhận khác."),
    "unwritable": Trouble(
        "Không ghi được vào USB.", _NOTHING_LEFT, "Cắm lại USB, xem USB có khoá chống ghi không, rồi ghi lại."
    ),
    "full": Trouble(
        "USB không đủ chỗ.", _NOTHING_LEFT, "Xoá bớt tệp trên USB hoặc dùng USB khác, rồi ghi lại."
    ),
    "busy": Trouble("Đang ghi hoặc nhận một gói khác.", _NOTHING_LEFT, "Chờ gói kia xong rồi làm lại."),
}

DISK_FULL: Final = Trouble(
    "Ổ đĩa đã đầy: việc này CHƯA được lưu.",
    "Mọi việc đã lưu trước đó vẫn an toàn.",
    "Đừng tắt trang. Báo quản trị dọn ổ đĩa, rồi bấm lưu lại.",
    507,
)


def trouble_of(why: Exception, status: Status | None = None) -> Trouble:
    """The words for one refusal; `status` is where the dossier stands, where the sentence can name it."""
    match why:
        case NotAllowed(because=Because.STATUS) if status is not None:
            return replace(
                _BECAUSE[Because.STATUS],
                what=say(
                    "Hồ sơ đang ở bước “{status}”, nên chưa làm được việc này.",
                    status=say(words.STATUS[status]),
                ),
            )
        case NotAllowed(because=Because.ROLE, detail=detail):
            return _role_lacks(detail)
        case NotAllowed(because=because):
            return _BECAUSE[because]
        case NumbersUsedUp():
            return Trouble(
                "Dải số văn bản của máy này đã hết, hoặc chưa được cấp.",
                _NOTHING_SIGNED,
                "Báo quản trị cấp thêm dải số ở Danh mục; hoặc cấp số ở máy khác.",
            )
        case TicketsUsedUp():
            return Trouble(
                "Máy này đã hết số thứ tự của nhóm việc này hôm nay, hoặc chưa được cấp dải số.",
                "Các số đã phát vẫn còn giá trị.",
                "Lấy số ở máy khác, và báo quản trị cấp thêm dải số cho máy này.",
            )
        case NotAtCounter():
            return Trouble(
                "Hàng chờ vừa đổi: số trên trang không còn như lúc mở trang.",
                "Chưa gọi và chưa kết thúc số nào.",
                "Xem số đang ở quầy dưới đây, rồi bấm lại.",
            )
        case ReceiptsUsedUp():
            return Trouble(
                "Dải biên lai của quầy đã hết, hoặc chưa được cấp cho hôm nay.",
                "Hồ sơ đã lưu, chưa thu tiền.",
                "Chuyển người nộp sang quầy thu khác, hoặc báo quản trị cấp dải mới.",
            )
        case NotEnoughCash(left=left):
            return Trouble(
                say("Quỹ của ca chỉ còn {left}, không đủ để chi.", left=words.dong(left)),
                "Chưa chi đồng nào; biên lai vẫn nguyên.",
                "Hoàn bằng chuyển khoản, hoặc làm ở quầy có đủ tiền.",
            )
        case NoNumber():
            return Trouble(
                "Chưa cấp được số hồ sơ: cơ quan chưa có mã định danh, hoặc dải số của máy không dùng được hôm nay.",
                "Bản đang nhập vẫn còn trên trang này.",
                "Báo quản trị thêm mã cơ quan ở Danh mục hoặc gia hạn dải số.",
            )
        case NoDueMoment():
            return Trouble(
                "Chưa tính được ngày hẹn trả: lịch làm việc thiếu ngày.",
                "Bản đang nhập vẫn còn trên trang này.",
                "Báo quản trị xem lại lịch làm việc ở Danh mục.",
            )
        case ClockJumped(now=now, last=last):
            return _clock_jumped(now, last)
        case ClockBehind(now=now, last=last):
            return _clock_behind(now, last)
        case DiskFull():
            return DISK_FULL
        case UnreadablePdf():
            return Trouble(
                "Tệp này không đọc được như một văn bản PDF.",
                "Chưa có gì được lưu.",
                "Mở thử tệp bằng phần mềm đọc PDF; nếu đúng, gửi lại tệp gốc.",
                422,
            )
        case CannotSign(why=reason, holder=holder):
            told = _SIGNING[reason]
            if not _SEAL_TOKEN.match(holder):
                return told
            what = say(told.what).replace("hẻ ký số", "hẻ con dấu").replace("anh/chị", holder)
            return replace(told, what=what)
        case WrongPin(wait_s=wait_s):
            return Trouble("Mã PIN chưa đúng.", _UNCHANGED, _wait(wait_s, "Gõ lại mã PIN."), 422)
        case WrongPassword(wait_s=wait_s):
            return Trouble("Mật khẩu chưa đúng.", _UNCHANGED, _wait(wait_s, "Gõ lại mật khẩu."), 422)
        case WeakSecret():
            return Trouble("Mã PIN hoặc mật khẩu mới dễ đoán quá.", _UNCHANGED, "Chọn cái khác.", 422)
        case NotYours():
            return Trouble(
                "Người thứ hai phải là người khác, được giao việc này và có mã PIN ở máy này.",
                _UNCHANGED,
                "Chọn người khác rồi mời họ gõ mã PIN.",
                403,
            )
        case TooOften(wait_s=wait_s):
            return Trouble("Quá nhiều lần thử từ cùng một máy.", _UNCHANGED, _wait(wait_s, "Thử lại."), 429)
        case BadUpload(why=reason):
            return _UPLOADS[reason]
        case CentreOutOfReach():
            return Trouble(
                "Chưa liên lạc được với Trung tâm; việc này chỉ làm được khi có liên lạc.",
                "Chưa đổi gì: mật khẩu và mã PIN đang có vẫn dùng được, cả khi mất mạng.",
                "Xem trang Đồng bộ, chờ có liên lạc rồi làm lại; hoặc làm ở máy của Trung tâm.",
                503,
            )
        case NotTaken(why=reason):
            return _NOT_TAKEN[reason]
        case NotGiven(why=reason):
            return _NOT_GIVEN[reason]
        case Damaged():
            return Trouble(
                "Tệp ở máy này bị hỏng: nội dung không khớp với tên niêm phong của nó.",
                "Hồ sơ và các việc đã ghi vẫn nguyên; bản gốc còn ở máy khác.",
                "Báo quản trị chạy kiểm tra máy này.",
                500,
            )
        case Unavailable():
            return Trouble("Kho dữ liệu của máy này đang bận.", _UNCHANGED, "Chờ vài giây rồi bấm lại.", 503)
        case _:
            return Trouble("Việc này chưa làm được.", _UNCHANGED, "Mở lại hồ sơ rồi thử lại.")


def _role_lacks(role: str) -> Trouble:
    lacking = _BECAUSE[Because.ROLE]
    if role not in {one.value for one in Role}:
        return lacking
    return Trouble(
        say("Anh/chị chưa được giao vai trò {role}.", role=say(words.ROLES[Role(role)])),
        lacking.safe,
        lacking.todo,
        lacking.status,
    )


def _wait(wait_s: int, then: str) -> str:
    return say("Chờ {age} rồi làm lại.", age=words.age_s(wait_s)) if wait_s else then


def _clock_jumped(now: datetime, expected: datetime) -> Trouble:
    return Trouble(
        say(
            "Đồng hồ máy vừa đổi đột ngột: máy báo {now}, lẽ ra là {expected}.",
            now=words.full(now),
            expected=words.full(expected),
        ),
        "Việc đã lưu không đổi; việc này chưa được lưu, các ô vẫn giữ nguyên.",
        "Xem lịch và đồng hồ trên tường, xác nhận ở trang Tài khoản, mục Giờ của máy, rồi bấm lại.",
    )


def _clock_behind(now: datetime, last: datetime) -> Trouble:
    return Trouble(
        say(
            "Đồng hồ máy có thể sai: máy báo {now}, nhưng việc cuối của máy này ghi lúc {last}.",
            now=words.full(now),
            last=words.full(last),
        ),
        "Việc đã lưu không đổi; việc này chưa được lưu.",
        "Xem lịch và đồng hồ trên tường, xác nhận ở trang Tài khoản, mục Giờ của máy, rồi bấm lại.",
    )
