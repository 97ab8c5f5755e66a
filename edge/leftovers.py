"""What earlier runs of this machine left behind: files that no act names, and notes of machines that come no more.

A file is durable before the act that names it is written; where the power went in between, or the act was refused, nobody
names it. So that its like can be told from a file whose act is still to come, it is noted with the dossier that it is
for, and looked at when the machine starts: whoever was about to write the act ended with the run before this one.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from edge.archive import Archive, files_named
from edge.hour import Hour
from edge.projector import Projector
from schemas.events import Event
from sync.checkpoints import history_of
from sync.documents import LOCAL, Json
from sync.errors import NotFound
from sync.store import Store

NOTES_KEPT_FOR: Final = timedelta(days=400)
"""A machine whose note went reads from the start when it comes again; what it has is not fetched again."""


def sweep_files(archive: Archive, projector: Projector, *, node: str) -> int:
    """Forget the files that an earlier run of this node made for an act that was never written; how many.

    Left alone is what another incarnation noted, whose acts may lie where this one has not looked; what belongs to a
    dossier that has left, or to one of whose acts not all can be read here; and chunks that any other list here names.
    """
    swept = 0
    for file, made_for in archive.made_here():
        events = projector.events_of(made_for.stream)
        known = [event for event in events if isinstance(event, Event) and not event.redacted]
        if made_for.node != node or not events or len(known) < len(events):
            continue
        named = {one for event in known for one in files_named(event.data)}
        if file not in named:
            _forget(archive, file)
            swept += 1
        archive.no_longer_new(file)
    return swept


def _forget(archive: Archive, file: str) -> None:
    chunks = {chunk for index in archive.lists(file) for chunk in index["chunks"]}
    others = [one for one in archive.lists_naming(chunks) if one != file]
    shared = {chunk for one in others for index in archive.lists(one) for chunk in index["chunks"]}
    archive.forget([*sorted(chunks - shared), file])


def sweep_notes(store: Store, hour: Hour) -> int:
    """Forget checkpoints that nobody has moved for `NOTES_KEPT_FOR`, if this clock can be believed; how many."""
    if hour.unsure or hour.doubt() is not None:
        return 0
    now, swept = hour.now(), 0
    for note in store.local_docs():
        moved = _moved_at(note)
        if moved is not None and now - moved > NOTES_KEPT_FOR:
            with contextlib.suppress(NotFound):
                store.delete_local(str(note["_id"]).removeprefix(LOCAL))
                swept += 1
    return swept


def _moved_at(note: Json) -> datetime | None:
    """When a checkpoint was written last; None for a note that is none."""
    moments = []
    for session in history_of(note):
        with contextlib.suppress(KeyError, TypeError, ValueError):  # PouchDB keeps no moments
            moments.append(parsedate_to_datetime(session["end_time"]))
    return max((at for at in moments if at.tzinfo is not None), default=None) if moments else None
