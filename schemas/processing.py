"""The register of processing: which personal data are held, why, by which law, who sees them, and for how long.

What Luật 91/2025/QH15 asks a State agency to be able to show (domain §7.1): processing that the law prescribes needs no
consent (Đ19(1)), and needs a written procedure, measures and checks instead (Đ19(2)). Terms of keeping are those of
the archive law where it has some; where a centre sets its own, the row says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = "2026-11"


@dataclass(frozen=True, slots=True)
class Processing:
    """One row; all of it is read by people, in Vietnamese."""

    id: str
    what: str
    whose: str
    why: str
    ground: str
    who: str
    where: str
    kept: str
    guarded: str


REGISTER: Final = (
    Processing(
        "dossiers",
        "Họ tên, số định danh hoặc mã số thuế, địa chỉ, điện thoại, thư điện tử; giấy tờ trong hồ sơ; kết quả",
        "Chủ hồ sơ, người nộp, người nhận kết quả",
        "Tiếp nhận, giải quyết thủ tục hành chính và trả kết quả",
        "NĐ 118/2025, NĐ 309/2026; Luật 91/2025/QH15 Đ19(1)",
        "Tiếp nhận, thẩm định, phê duyệt, văn thư, đối soát: đủ để làm việc; vai trò khác chỉ thấy mã tỉnh của số định danh",
        "Máy tiếp nhận, các máy cùng trung tâm trong phạm vi thẻ máy, Trung tâm",
        "Theo thời hạn bảo quản hồ sơ của pháp luật lưu trữ; máy trạm chỉ giữ hồ sơ mở hoặc mới đóng 60 ngày",
        "Niêm phong từng việc, mã hoá đĩa, TLS giữa các máy, nhật ký xem",
    ),
    Processing(
        "money",
        "Tên người nộp tiền, số tiền, số biên lai",
        "Người nộp phí, lệ phí",
        "Thu, hoàn phí, lệ phí và đối chiếu quỹ",
        "Luật 97/2015; NĐ 254/2026; TT 91/2026/TT-BTC",
        "Thu phí, kiểm tra giám sát",
        "Máy thu, Trung tâm",
        "Theo thời hạn bảo quản chứng từ kế toán",
        "Như hồ sơ; huỷ, hoàn cần người thứ hai",
    ),
    Processing(
        "visits",
        "Số lượt, giờ lấy số, đối tượng ưu tiên, mức hài lòng; không có tên, không có số giấy tờ",
        "Người đến Trung tâm",
        "Xếp hàng, đánh giá sự phục vụ",
        "QĐ 766/QĐ-TTg",
        "Tiếp nhận, kiểm tra giám sát",
        "Máy lấy số 7 ngày, Trung tâm",
        "Một năm; lượt đã đánh giá bảo quản như hồ sơ",
        "Niêm phong từng việc",
    ),
    Processing(
        "petitions",
        "Họ tên, số giấy tờ nếu người gửi khai, điện thoại, nội dung phản ánh",
        "Người phản ánh, kiến nghị",
        "Tiếp nhận và trả lời phản ánh, kiến nghị",
        "QĐ 766/QĐ-TTg; Luật 91/2025/QH15 Đ19(1)",
        "Kiểm tra giám sát",
        "Máy nhận, Trung tâm",
        "Theo thời hạn bảo quản hồ sơ của pháp luật lưu trữ",
        "Như hồ sơ",
    ),
    Processing(
        "staff",
        "Họ tên, chức danh, vai trò theo ngày, chứng thư chữ ký số, mã kiểm mật khẩu (argon2id)",
        "Cán bộ, công chức làm việc tại Trung tâm",
        "Biết ai làm việc gì, theo văn bản nào; kiểm tra chữ ký",
        "NĐ 30/2020 Đ13; NĐ 68/2024",
        "Mọi máy trạm (danh mục); mã PIN chỉ ở máy đã đặt",
        "Danh mục ở mọi máy",
        "Cùng thời hạn với hồ sơ mà người đó đã ghi việc",
        "argon2id, khoá tăng dần khi gõ sai, thoát ở mọi máy",
    ),
    Processing(
        "views",
        "Ai xem hồ sơ nào, lúc nào, ở trang nào",
        "Cán bộ, công chức; gián tiếp là chủ hồ sơ",
        "Phát hiện việc xem hồ sơ không vì công việc",
        "Luật 91/2025/QH15 Đ19(2)",
        "Quản trị",
        "Chỉ ở máy đã xem; mã băm từng ngày gửi Trung tâm",
        "Do Trung tâm quy định; phần mềm không tự xoá",
        "Chuỗi băm, niêm phong hằng ngày",
    ),
    Processing(
        "drafts",
        "Nội dung gõ dở khi màn hình khoá, có thể có dữ liệu của người nộp",
        "Người nộp, chủ hồ sơ",
        "Không mất nội dung đã gõ",
        "Luật 91/2025/QH15 Đ19(1)",
        "Chỉ người đã gõ, chỉ ở máy đó",
        "Máy đã gõ",
        "7 ngày",
        "Mã hoá đĩa",
    ),
    Processing(
        "requests",
        "Số thứ tự, căn cứ, lý do và hồ sơ liên quan của yêu cầu; không ghi tên, số giấy tờ",
        "Người yêu cầu về dữ liệu của mình",
        "Trả lời yêu cầu cung cấp, sửa, hạn chế, xoá dữ liệu",
        "Luật 91/2025/QH15; NĐ 356/2025 Đ5",
        "Quản trị; mọi máy thấy hồ sơ nào đang bị hạn chế",
        "Danh mục ở mọi máy",
        "Cùng thời hạn với danh mục",
        "Niêm phong của Trung tâm",
    ),
)

ANSWER_DAYS: Final = {
    "given": 10,
    "corrected": 10,
    "restricted": 15,
    "lifted": 15,
    "refused": 10,
    "redacted": 20,
}
"""Days from the request by which it is answered (NĐ 356/2025 Đ5, domain §7.1)."""
