"""Where a dossier stands, in plain words, in Vietnamese and in English: one table, whose languages say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.public import State

TONES: Final[Mapping[str, str]] = {
    "supplement": "wait",
    "obligation": "wait",
    "contested": "wait",
    "stopped": "wait",
    "done": "ok",
    "by_post": "ok",
    "returned": "ok",
}

STATES: Final[Mapping[str, Mapping[State, tuple[str, str]]]] = {
    "vi": {
        "received": (
            "Đã tiếp nhận",
            "Hồ sơ đã vào sổ và chờ tới lượt xử lý. Ông/bà chưa phải làm gì thêm.",
        ),
        "working": ("Đang xử lý", "Cơ quan đang xem hồ sơ. Ông/bà chưa phải làm gì thêm."),
        "on_the_way": ("Đang chuyển", "Hồ sơ đang được chuyển tới nơi giải quyết."),
        "opinion": ("Chờ ý kiến", "Cơ quan giải quyết đang chờ ý kiến của cơ quan phối hợp."),
        "signing": ("Chờ ký", "Hồ sơ đã thẩm định xong, đang chờ người có thẩm quyền ký."),
        "sealing": ("Chờ đóng dấu", "Kết quả đã ký, đang lấy số và đóng dấu."),
        "supplement": (
            "Cần bổ sung giấy tờ",
            "Xem Phiếu yêu cầu bổ sung đã nhận, mang đủ giấy tờ trong phiếu tới quầy bất kỳ. Thời gian chờ bổ sung"
            " không tính vào hạn trả.",
        ),
        "obligation": (
            "Chờ nộp nghĩa vụ tài chính",
            "Nộp theo thông báo đã nhận, rồi mang chứng từ tới quầy. Thời gian chờ không tính vào hạn trả.",
        ),
        "withdrawing": ("Đang xem đơn xin rút", "Ông/bà sẽ được trả lời đồng ý hay không."),
        "stopped": ("Đã dừng giải quyết", "Văn bản thông báo ghi rõ lý do. Hỏi quầy nếu chưa nhận được."),
        "done": (
            "Đã có kết quả",
            "Mang giấy hẹn và giấy tờ tùy thân tới quầy trả kết quả; người khác nhận thay thì mang giấy ủy quyền.",
        ),
        "by_post": ("Đã có kết quả", "Kết quả được gửi qua bưu chính công ích theo địa chỉ đã đăng ký."),
        "returned": ("Đã trả kết quả", "Hồ sơ đã xong."),
        "contested": (
            "Đang đối soát",
            "Hai nơi cùng làm một việc trên hồ sơ này; Trung tâm đang xem lại. Không việc nào bị mất. Hỏi quầy để biết thêm.",
        ),
    },
    "en": {
        "received": ("Received", "It is registered and waits for its turn. You need not do anything."),
        "working": ("In progress", "The agency is looking at it. You need not do anything."),
        "on_the_way": ("On its way", "It is being carried to those who resolve it."),
        "opinion": ("An opinion is waited for", "The agency has asked another agency for its opinion."),
        "signing": ("To be signed", "It was appraised and waits for a signature."),
        "sealing": ("To be sealed", "The result is signed and gets its number and seal."),
        "supplement": (
            "Papers are missing",
            "Bring all papers on the request that you were given to any counter. This time is not counted.",
        ),
        "obligation": (
            "A payment is waited for",
            "Pay as the notice says and bring the proof to the counter. This time is not counted.",
        ),
        "withdrawing": ("Withdrawal asked for", "You will be told whether it is granted."),
        "stopped": ("Stopped", "The notice says why. Ask at the counter if you have not received it."),
        "done": (
            "The result is ready",
            "Bring the slip and an identity paper to the counter; whoever comes for you brings an authorisation.",
        ),
        "by_post": ("The result is ready", "It is sent by post to the address that you gave."),
        "returned": ("Returned", "It is finished."),
        "contested": (
            "Being settled",
            "Two places acted on it at once; the centre is looking into it. Nothing is lost. Ask at the counter.",
        ),
    },
}
