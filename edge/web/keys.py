"""The page of all keys: one letter, one meaning, everywhere."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request

blueprint = Blueprint("keys", __name__)

KEYS: Final = (
    ("C", "tới ô căn cước"),
    ("T", "tới ô tìm: thủ tục, hồ sơ"),
    ("P", "tới bảng giấy tờ"),
    ("S", "gọi số tiếp; số đang ở quầy thì xong"),
    ("A", "gọi lại số đang ở quầy"),
    ("O", "khách vắng mặt: bỏ qua, gọi số tiếp"),
    ("X", "xong số đang ở quầy, chưa gọi ai"),
    ("Y", "chuyển số sang quầy khác"),
    ("W", "khách bỏ về"),
    ("J", "trang sau của danh sách; trong danh sách, ↑ ↓ đi từng dòng"),
    ("U", "thu phí, in biên lai"),
    ("L", "lưu nháp, xem lại trang"),
    ("I", "lưu và in; in giấy tiếp nhận chung"),
    ("N", "hồ sơ nữa của người vừa nộp; ký nhiều"),
    ("M", "hồ sơ mới; khi đang có khách nhận kết quả thì trả kết quả"),
    ("K", "ký"),
    ("N", "ký các hồ sơ đã chọn"),
    ("V", "trả về thẩm định"),
    ("B", "yêu cầu bổ sung (Mẫu 02)"),
    ("R", "từ chối; từ chối tiếp nhận (Mẫu 03)"),
    ("G", "ghi: ý kiến, quyết định, đơn rút, đã trả"),
    ("J", "gắn bản quét vào hồ sơ"),
    ("Z", "sửa thông tin"),
    ("Q", "thử lại đồng bộ"),
    ("H", "mọi phím tắt"),
)
"""Pressed with Alt. Not D, E, F (the browser's) nor Z (Vietnamese keyboards)."""


@blueprint.get("/keys")
def page() -> str:
    """`part` asks for what is laid over another page."""
    return render_template("keys_part.html" if "part" in request.args else "keys.html", keys=KEYS)
