"""What is contested in a dossier, in words: how it came about, what waits for it, and who settles it."""

from __future__ import annotations

from typing import Final

from edge.tables.dossiers import DossierRow
from edge.tables.streams import ConflictRow
from edge.web.language import say, say_as
from edge.web.site import site
from schemas.conflicts import BY_NAME, TABLE, Blocks, Conflict, Settles

_APART: Final = "Hai nơi chưa thấy việc của nhau."
HOW: Final = {
    "settled_apart": "Hai lần đối soát chọn khác nhau khi chưa thấy nhau; chưa lựa chọn nào có hiệu lực.",
    "opposed_outcomes": f"{_APART} Hai kết quả không thể cùng có hiệu lực.",
    "which_came_first": f"{_APART} Chưa biết đơn rút hay kết quả có trước.",
    "one_person": "Một người đã làm hai việc phải do hai người làm.",
    "returned_or_recalled": f"{_APART} Kết quả đã trao vẫn là đã trao.",
    "returned_twice": f"{_APART} Cả hai lần trao đều được giữ.",
    "received_twice": f"{_APART} Cả hai lần tiếp nhận đều được giữ, hẹn trả sớm hơn có hiệu lực.",
    "extended_apart": f"{_APART} Ngày hẹn sớm hơn đang được giữ.",
    "fee_twice": f"{_APART} Cả hai biên lai đều có giá trị; phải hoàn một khoản.",
    "amended_apart": f"{_APART} Giá trị ghi sau đang được dùng, chờ xác nhận.",
    "other_decisions": f"{_APART} Hai quyết định không thể cùng có hiệu lực.",
    "revoked": "Khi ký, chứng thư, văn bản ủy quyền hoặc vai trò của người ký đã hết hiệu lực; máy ký chưa biết điều đó.",
    "machine_doubted": "Hai việc mang cùng một số thứ tự của một máy: có thể hai máy dùng chung một khóa.",
    "portal_twice": "Một hồ sơ của cổng dịch vụ công có hai hồ sơ ở đây; cả hai số đều được giữ.",
    "possible_duplicate": "Cùng một người, một thủ tục, một ngày có hai hồ sơ; có thể là một.",
    "number_twice": "Hai hồ sơ mang cùng một số.",
}
"""How each row of the table comes about. Rows of visits are told at the queue."""
BLOCKED: Final = {Blocks.DECISIONS: "quyết định", Blocks.SEAL: "đóng dấu", Blocks.RETURN: "trả kết quả"}
SETTLES: Final = {
    Settles.DESK: "Trung tâm đối soát",
    Settles.CASHIER: "thu ngân hoàn tiền, có người thứ hai",
    Settles.COUNTER: "quầy mở hồ sơ lần tới sửa hoặc xác nhận ô đó",
    Settles.ADMINISTRATOR: "quản trị xử lý máy trạm",
    Settles.NOBODY: "",
}


WARNED: Final = {
    "possible_duplicate": "Có thể trùng",
    "portal_twice": "Nhận ở hai nơi",
    "received_twice": "Tiếp nhận hai lần",
    "returned_twice": "Trả hai lần",
    "fee_twice": "Thu phí hai lần",
    "amended_apart": "Ô sửa chờ xác nhận",
}
"""What a list says of a dossier whose conflict binds nobody. All work on it goes on."""


def warnings(row: DossierRow) -> list[str]:
    """What a list warns of, beside the state of a dossier."""
    return [WARNED[name] for name in row.warned.split() if name in WARNED]


def others_of(conflict: Conflict, stream: str) -> list[DossierRow]:
    """The other dossiers here that it joins: what central reports of several."""
    return [row for _, row in site().node.register.conflict(conflict.id) if row.stream != stream]


def title(conflict: Conflict | ConflictRow) -> str:
    """Of every row that it has, in the table's order."""
    rows = conflict.rows.split() if isinstance(conflict, ConflictRow) else conflict.rows
    return "; ".join(say(row.title) for row in TABLE if row.name in rows)


def how(conflict: Conflict) -> str:
    """How it came about, in a sentence or two."""
    return " ".join(dict.fromkeys(say(HOW[row]) for row in conflict.rows if row in HOW))


def until_then(conflict: Conflict) -> str:
    """What waits until somebody settles it, and who does."""
    rows = [BY_NAME[row] for row in conflict.rows]
    blocked = {block for row in rows for block in row.blocks}
    who = next((SETTLES[row.settles] for row in rows if SETTLES[row.settles]), "")
    waits = ", ".join(say_as("conflict", words) for block, words in BLOCKED.items() if block in blocked)
    if waits:
        return say(
            "Vẫn ghi được giấy tờ, đơn rút. Chưa {waits} được cho đến khi {who}.", waits=waits, who=say(who)
        )
    if who:
        return say("Mọi việc khác vẫn làm được. Việc còn lại: {who}.", who=say(who))
    return say("Mọi việc khác vẫn làm được.")
