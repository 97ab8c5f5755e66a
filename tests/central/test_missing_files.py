"""Files that have not come to central, and what machines say was refused: noted as things arrive, and told with what
brings them in."""

from __future__ import annotations

import msgspec

from central.missing_files import forget_arrived, missing, note_missing
from edge.access import STATE
from edge.state import state_of
from schemas.events import timestamp
from schemas.states import Refusal
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def test_a_file_lacks_from_the_act_that_names_it_until_it_comes(centre: SmallCentre) -> None:
    """The approval came over a slow line, its document has not; nothing is looked at twice."""
    central, room = centre["central"], centre["room-01"]
    dossier = centre.appraised()
    note_missing(central)
    assert missing(central) == ([], 0)
    centre.approve(dossier)
    centre.copy(room, central, "dossiers")
    assert note_missing(central) == 1
    assert note_missing(central) == 0
    assert forget_arrived(central) == 0
    ((lacking,), count) = missing(central)
    assert (count, lacking.node, lacking.kind, lacking.stream) == (
        1,
        room.id,
        "dossier.approved",
        dossier.stream,
    )
    said = state_of(centre["counter-02"])
    refused = Refusal(
        f"{dossier.stream}:{'0' * 64}", central.id, "_id is not the hash", timestamp(centre.clock())
    )
    said = msgspec.structs.replace(said, refused=3, refusals=(refused,))
    said = said.sealed(centre["counter-02"].keys.ed25519.sign)
    central.stores["catalog"].put_local(f"{STATE}{said.node}", said.document())

    centre.clock.forward(hours=2)
    officer = Clerk(centre, "central", "huong.ltt")
    text = officer.open("/lacking").page.text
    for words in (
        "Tệp còn thiếu: 1",
        "Phê duyệt",
        "Phòng 4 tại chỗ",
        "2 giờ 00 phút",
        "Tự về khi máy đó liên lạc được.",
        "Bị từ chối, theo lời các máy: 3",
        "Máy gửi lại mỗi lần liên lạc",
    ):
        assert words in text, words

    centre.copy(room, central, "files")
    assert forget_arrived(central) == 1
    assert missing(central) == ([], 0)
    assert "Mọi tệp mà các hồ sơ nhắc tới đã có" in officer.open("/lacking").page.text
    with central.file.read() as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM missing_file ORDER BY since, file LIMIT 500"
        ).fetchall()
    assert "INDEX missing_file_since" in str(plan)
    assert Clerk(centre, "counter-01", "hanh.nh").open("/lacking").status == 404
