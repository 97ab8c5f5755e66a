"""Where two histories agree."""

from __future__ import annotations

from datetime import UTC, datetime

from sync.checkpoints import FROM_THE_START, MAX_HISTORY, Session, agreed_seq, history_of, replication_id
from sync.documents import Json

AT = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)


def note(*sessions: tuple[str, object]) -> Json:
    """Newest session first, each with its recorded sequence."""
    history = [{"session_id": name, "recorded_seq": seq} for name, seq in sessions]
    return {"session_id": sessions[0][0], "source_last_seq": sessions[0][1], "history": history}


def test_the_same_session_on_both_sides() -> None:
    assert agreed_seq(note(("s", "5-x")), note(("s", "5-x"))) == "5-x"


def test_a_crash_between_the_two_notes_goes_on_from_the_target() -> None:
    assert agreed_seq(note(("s", "9-x")), note(("s", "5-x"))) == "5-x"


def test_a_source_whose_disk_was_copied_goes_on_from_what_the_copy_knows() -> None:
    """The original went on to 9 in the same session; what the copy wrote under 6 to 9 is something else."""
    assert agreed_seq(note(("s", "5-x")), note(("s", "9-x"))) == "5-x"
    assert agreed_seq(note(("t", "7-x"), ("s", "5-x")), note(("u", "12-x"), ("s", "9-x"))) == "5-x"
    assert agreed_seq(note(("s", "odd")), note(("s", "9-x"))) == FROM_THE_START


def test_an_older_session_that_both_remember() -> None:
    source = note(("c", "9-x"), ("b", "7-x"), ("a", "3-x"))
    target = note(("d", "8-x"), ("b", "6-x"))
    assert agreed_seq(source, target) == "6-x"


def test_nothing_in_common_starts_anew() -> None:
    for source, target in [
        (None, None),
        (note(("a", "1-x")), None),
        (None, note(("a", "1-x"))),
        (note(("a", "1-x")), note(("b", "1-x"))),
        ({}, {}),
        ({"history": 1}, {"history": [1, {}]}),
    ]:
        assert agreed_seq(source, target) == FROM_THE_START


def test_sequences_of_any_kind_are_kept_as_they_are() -> None:
    for seq in (5, "5-g1AA", [5, "x"], {"a": 1}):
        assert agreed_seq(note(("s", seq)), note(("s", seq))) == seq


def test_a_note_keeps_the_newest_sessions_and_itself_once() -> None:
    history: list[Json] = []
    for n in range(MAX_HISTORY + 10):
        for seq in ("1-x", "2-x"):
            made = Session(f"s{n}", AT).note(last_seq=seq, at=AT, history=history)
            history = history_of(made)
    assert len(history) == MAX_HISTORY
    assert [one["session_id"] for one in history[:2]] == ["s59", "s58"]
    assert history[0]["recorded_seq"] == "2-x"
    assert history[0]["start_time"] == "Mon, 23 Nov 2026 01:15:00 GMT"


def test_the_id_depends_on_who_copies_what_to_where() -> None:
    ids = {
        replication_id(node_id=node, source_id=source, target_id=target)
        for node in "ab"
        for source, target in [("x/d", "y/d"), ("y/d", "x/d"), ("x/e", "y/e")]
    }
    assert len(ids) == 6
    # A change of this value makes every node start from zero: raise ID_VERSION and try the old way too.
    assert replication_id(node_id="n", source_id="s/d", target_id="t/d") == "95d1f7ab0e2c6616e8c7623c939fc299"
