"""Where a replication goes on: ids and histories of checkpoints, pure. protocol.md §3.1 (2, 3, 8), §3.3.

Both peers keep a note `_local/<replication id>` with a history of sessions; what both remember of the same
session is where they agree. The documents up to there are durable on the target.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from sync.documents import Json, dump_sorted

# Of the way ids are made. A change makes every replication start from zero: keep old ways, and try them.
ID_VERSION = 1
MAX_HISTORY = 50
FROM_THE_START = "0"
_COUNT: Final = re.compile(r"[0-9]+")


def replication_id(*, node_id: str, source_id: str, target_id: str) -> str:
    """The same on every start, whatever addresses, programs and passwords have become of them."""
    what = dump_sorted([ID_VERSION, node_id, source_id, target_id])
    return hashlib.sha256(b"sync/replication/1\n" + what).hexdigest()[:32]


@dataclass(slots=True)
class Session:
    """What one run has done so far; CouchDB's counters by CouchDB's names."""

    session_id: str
    start_time: datetime
    start_last_seq: Any = FROM_THE_START
    missing_checked: int = 0
    missing_found: int = 0
    docs_read: int = 0
    docs_written: int = 0
    doc_write_failures: int = 0

    def note(self, *, last_seq: Any, at: datetime, history: Sequence[Json]) -> Json:
        """The checkpoint document (without `_id` and `_rev`) on top of an older history."""
        entry = {
            "session_id": self.session_id,
            "start_time": format_datetime(self.start_time, usegmt=True),
            "end_time": format_datetime(at, usegmt=True),
            "start_last_seq": self.start_last_seq,
            "end_last_seq": last_seq,
            "recorded_seq": last_seq,
            "missing_checked": self.missing_checked,
            "missing_found": self.missing_found,
            "docs_read": self.docs_read,
            "docs_written": self.docs_written,
            "doc_write_failures": self.doc_write_failures,
        }
        older = [one for one in history if one.get("session_id") != self.session_id]
        return {
            "session_id": self.session_id,
            "source_last_seq": last_seq,
            "replication_id_version": ID_VERSION,
            "history": [entry, *older][:MAX_HISTORY],
        }


def history_of(note: Json | None) -> list[Json]:
    """The sessions of a checkpoint, the newest first; nothing for what is none."""
    history = None if note is None else note.get("history")
    return [one for one in history if isinstance(one, dict)] if isinstance(history, list) else []


def agreed_seq(source: Json | None, target: Json | None) -> Any:
    """The sequence from which to go on; `FROM_THE_START` where the notes have nothing in common.

    CouchDB's comparison, but of the two sequences of a session it is the lower one. The target's was written beside the
    documents that it speaks of, so a target restored from a backup goes back with it. The source's may be lower
    where its disk was copied: what the original did later in that session is not what the copy did.
    """
    if source is None or target is None:
        return FROM_THE_START
    if source.get("session_id") == target.get("session_id") is not None:
        return _lower(source.get("source_last_seq"), target.get("source_last_seq"))
    known = {str(one.get("session_id")): one.get("recorded_seq") for one in history_of(source)}
    for one in history_of(target):
        if str(one.get("session_id")) in known and one.get("recorded_seq") is not None:
            return _lower(known[str(one.get("session_id"))], one["recorded_seq"])
    return FROM_THE_START


def _lower(one: Any, other: Any) -> Any:
    """The lower of two sequences of one database: they begin with a number, whatever follows it."""
    if one == other:
        return FROM_THE_START if one is None else one
    counts = [_COUNT.match(str(seq)) for seq in (one, other)]
    if None in counts:
        return FROM_THE_START
    first, second = (int(count[0]) for count in counts if count is not None)
    return one if first < second else other
