"""At central, where a time-stamp service is configured: every finished result gets a copy that lasts.

Results come from machines that had no network, signed as B-B. Central follows the dossiers' changes, in order and from
where it stopped: a service that is out of reach holds the rest up, and nothing is passed over. The copy is a file of
its own, named by an event beside the result: B-LT where every certificate could be checked, B-T where one could not.
Those are looked at again whenever the catalog has grown: when the list has come that was missing, a further revision
makes the stamped copy B-LT. What was stamped before stays beneath it.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final, Literal

from edge.archive import Damaged, MadeFor
from edge.authorities import Revoked
from edge.errors import CannotStamp, UnreadablePdf
from edge.node import Node
from edge.pades.paper import Paper
from edge.pades.reading import read
from edge.pades.stamps import StampService
from edge.tables.node import Fact
from schemas.acts import Preserved, Status
from schemas.fold import Dossier
from schemas.rules import is_on_paper
from sync.errors import SyncError

PAGE: Final = 200
_MARK: Final = "preserved up to"
_WAITING: Final = "preserving waits for"
_STAMPED: Final = "preserved without revocation"
_LOOKED: Final = "preserved ones looked at by catalog"
_FINISHED: Final = frozenset({Status.DONE, Status.RETURNED})
Level = Literal["B-T", "B-LT"]

log = logging.getLogger(__name__)


class Preserving:
    """Follows the dossiers of central; `run_once` does what there is to do now."""

    def __init__(self, node: Node, service: StampService, every_s: float) -> None:
        self._node, self._service, self._every_s = node, service, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preserving", daemon=True)

    def start(self) -> None:
        """The first look begins at once, in a thread of its own; then one every `every_s`."""
        self._thread.start()

    def stop(self) -> None:
        """A look that is under way is waited for, `every_s` at most."""
        self._stopping.set()
        self._thread.join(timeout=self._every_s)

    def run_once(self) -> int:
        """Preserve what has come since the last time; how many results. Raises `CannotStamp`."""
        waiting = [stream for stream in self._waiting() if not self._preserve(stream)]
        done = len(self._waiting()) - len(waiting)
        self._keep(_WAITING, " ".join(waiting))
        while changes := self._node.stores["dossiers"].changes(self._mark(), limit=PAGE):
            for change in changes:
                stream = change.id.partition(":")[0]
                if not self._is_due(stream):
                    pass
                elif self._preserve(stream):
                    done += 1
                elif stream not in (waiting := self._waiting()):
                    self._keep(_WAITING, " ".join([*waiting, stream]))
                self._keep(_MARK, str(change.seq))
        return done + self._raise_levels()

    def _raise_levels(self) -> int:
        """Make B-LT of the copies that a newer list lets be checked; how many. Raises `CannotStamp`."""
        number = str(self._node.catalog.number)
        if self._kept(_LOOKED) == number:
            return 0
        done = 0
        for stream in (streams := self._kept(_STAMPED).split()):
            if (raised := self._raise(stream)) is None:
                continue
            done += raised
            streams = [one for one in streams if one != stream]
            self._keep(_STAMPED, " ".join(streams))
        self._keep(_LOOKED, number)
        return done

    def _raise(self, stream: str) -> bool | None:
        """Whether a copy became B-LT; None while it cannot. False: there is none any more, or it is B-LT already."""
        node = self._node
        standing = (dossier := node.register.dossier(stream)).standing
        stamped = standing.newest.get("dossier.result_preserved")
        result = standing.result
        if result is None or standing.preserved is None or stamped is None or stamped.data.level == "B-LT":
            return False
        content, copy = self._content(result), self._content(standing.preserved)
        if content is None or copy is None:
            return None
        certificates, lists, level = self._proofs(read(content), node.clock())
        if level == "B-T":
            return None
        lasting = self._service.preserve(copy, certificates=certificates, lists=lists)
        self._record(dossier, result, lasting, level)
        return True

    def _is_due(self, stream: str) -> bool:
        dossier = self._node.register.dossier(stream)
        standing = dossier.standing
        if is_on_paper(standing):
            return False  # there is no signature in a scan to keep alive
        return dossier.status in _FINISHED and standing.result is not None and standing.preserved is None

    def _preserve(self, stream: str) -> bool:
        """Whether nothing is left to do for a dossier; false while its file has not come, or not whole."""
        node = self._node
        dossier = node.register.dossier(stream)
        result = dossier.standing.result
        if result is None or not self._is_due(stream):
            return True
        content = self._content(result)
        if content is None:
            return False
        try:
            paper = read(content)
        except UnreadablePdf:
            log.warning("%s is no signed document and is left as it is", result)
            return True
        certificates, lists, level = self._proofs(paper, node.clock())
        copy = self._service.preserve(content, certificates=certificates, lists=lists)
        self._record(dossier, result, copy, level)
        return True

    def _content(self, file: str) -> bytes | None:
        """None while it is not here, or only something that calls itself so."""
        try:
            return self._node.archive.read(file)
        except Damaged as why:
            log.warning("%s: it waits for the true one, and holds up no other", why)
            return None

    def _proofs(self, paper: Paper, now: datetime) -> tuple[list[bytes], list[bytes], Level]:
        """Certificates, lists, and whether they check every signature."""
        authorities = self._node.authorities
        certificates: dict[bytes, None] = {}
        lists: dict[bytes, None] = {}
        level: Level = "B-LT"
        for one in paper.signatures:
            at = one.at or now
            certificates.update(dict.fromkeys([one.certificate, *authorities.issuers(one.certificate, at)]))
            lists.update(dict.fromkeys(authorities.lists_of(one.certificate, at)))
            if authorities.assess(one.certificate, at=at, now=now).revoked is not Revoked.NO:
                level = "B-T"
        certificates.update(dict.fromkeys(authorities.anchors(now, timestamps=True)))
        lists.update(dict.fromkeys(authorities.stamp_lists(now)))
        return (list(certificates), list(lists), level) if level == "B-LT" else ([], [], level)

    def _record(self, dossier: Dossier, result: str, copy: bytes, level: Level) -> None:
        file = self._node.archive.keep(copy, MadeFor(dossier.stream, self._node.id))
        preserved = Preserved(result=result, preserved=file, level=level)
        if level == "B-T":  # before the act: a stream too many costs a look
            self._keep(_STAMPED, " ".join(dict.fromkeys([*self._kept(_STAMPED).split(), dossier.stream])))
        self._node.ledger.act(dossier.stream, "dossier.result_preserved", preserved, by="")

    def _mark(self) -> int:
        return int(self._kept(_MARK) or 0)

    def _waiting(self) -> list[str]:
        """Streams whose result has not come here as a file."""
        return self._kept(_WAITING).split()

    def _kept(self, key: str) -> str:
        with self._node.file.read():
            found = Fact.get_or_none(Fact.key == key)
        return str(found.value) if found else ""

    def _keep(self, key: str, value: str) -> None:
        with self._node.file.write():
            Fact.insert(key=key, value=value).on_conflict_replace().execute()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run_once()
            except CannotStamp as why:
                log.warning("no time-stamp now, the results wait: %s", why)
            except SyncError:
                if self._stopping.is_set():  # the node was closed meanwhile
                    return
                log.exception("time-stamping rests until its next pass; nothing is lost")
            except Exception:  # nobody would miss a thread that ends here
                log.exception("time-stamping rests until its next pass; nothing is lost")
            self._stopping.wait(self._every_s)
