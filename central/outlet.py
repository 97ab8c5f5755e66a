"""Sends what lies in the outbox: dossiers to the exchange, signed by central; mails to whoever wished for them; receipts
to the program that issues them, whose answer becomes an act.

What does not go is tried again, after twice as long as the last time, an hour at most; a line that is down is tried by one
message alone. A crash between sending and noting it sends the same once more, under the same name: an exchange that has it
says so, and a mail keeps its Message-ID.
"""

from __future__ import annotations

import hashlib
import json
import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

import msgspec
import requests
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

from central.errors import CentralError
from edge.chain import ClockBehind
from edge.node import Node
from edge.outbox import DOSSIER, FIRST_WAIT, ISSUING, LONGEST_WAIT, MAIL, SUMMARY, Due, day_of_summary
from edge.settings import ExchangeSettings, MailSettings
from edge.till import Signed
from schemas.calendar import VIETNAM
from schemas.errors import NotAllowed
from schemas.receipt_messages import Electronic, State, electronic_of, summary_of
from sync.errors import SyncError, Unavailable

LOOK_S: Final = 2.0
AT_ONCE: Final = 50
PATIENCE_S: Final = 30
SKEW: Final = timedelta(minutes=10)
"""Two clocks may differ by so much."""
_CENTURY: Final = 2000
_LATER: Final = frozenset({408, 425, 429})
"""What a server answers that may well take the same a little later; all else of 400 to 499 it never will."""

log = logging.getLogger(__name__)


class NotSent(CentralError):
    """It did not go, and may go later."""


class LineDown(NotSent):
    """Nobody answers: the others would not go either."""


class Refused(CentralError):
    """Whoever got it will never take it."""


class Road(Protocol):
    """How one kind goes out. Raises `NotSent`, `LineDown`, `Refused`."""

    def send(self, one: Due) -> None:
        """Returns when whoever gets it has taken it: it is noted as sent then, and not before."""


class Exchange:
    """By HTTP: `Idempotency-Key` names the message, the signature is that of central's own key (RFC 9421)."""

    def __init__(self, node: Node, settings: ExchangeSettings) -> None:
        self._node, self._settings = node, settings
        self._signer = HTTPMessageSigner(
            signature_algorithm=ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={node.id: node.keys.ed25519}),
        )
        self._session = requests.Session()

    def send(self, one: Due) -> None:
        """The bytes as they lie in the outbox, the same at each try."""
        self._post(one.name, one.body)

    def _post(self, name: str, body: bytes) -> requests.Response:
        """What it answered when it took it. Raises `NotSent`, `LineDown`, `Refused`."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{name}"'}
        request = self._session.prepare_request(
            requests.Request("POST", self._settings.url, data=body, headers=headers)
        )
        self._signer.sign(
            request,
            key_id=self._node.id,
            created=self._node.clock(),
            covered_component_ids=("@method", "@target-uri", "idempotency-key"),
            body=body,
        )
        trusted: str | bool = self._settings.authority or True
        try:
            answer = self._session.send(request, timeout=PATIENCE_S, verify=trusted, allow_redirects=False)
        except (requests.ConnectionError, requests.Timeout) as why:
            raise LineDown(f"{self._settings.url} does not answer: {why}") from why
        except requests.RequestException as why:
            raise NotSent(str(why)) from why
        if answer.ok and not answer.is_redirect:
            return answer
        said = f"{answer.status_code} {answer.text[:200]}"
        if 400 <= answer.status_code < 500 and answer.status_code not in _LATER:
            raise Refused(said)
        raise NotSent(said)


class _Answer(msgspec.Struct, frozen=True):
    """What the issuing program says of a receipt: the code by which it is looked up, who signed it, when."""

    lookup: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = msgspec.field(name="MaTraCuu")
    signed_at: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{14}\Z")] = msgspec.field(name="ThoiDiemKy")
    signed_by: Annotated[str, msgspec.Meta(max_length=200)] = msgspec.field(name="NguoiKy", default="")

    @property
    def at(self) -> datetime:
        """Raises `ValueError` for what is no moment of this century: some programs say so of what is not signed yet."""
        at = datetime.strptime(self.signed_at, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
        if not _CENTURY <= at.year < _CENTURY + 100:
            raise ValueError(f"signed at {self.signed_at}")
        return at


class Issuer(Exchange):
    """The program that signs receipts for who collects: it has the collector's key, and sends them to the tax authority.
    What it answers is written down as an act, so that every machine knows the receipt."""

    def send(self, one: Due) -> None:
        """Have one receipt issued, and write down its code. Raises as `Road` says."""
        said = self._post(one.name, one.body)
        receipt = json.loads(one.body).get("BienLai")
        # of money given back, and for a receipt that is void, nothing is issued
        if receipt is None or receipt["TrangThai"] == State.VOID.value:
            return
        if said.status_code == HTTPStatus.ACCEPTED:
            raise NotSent("202: it is not signed yet")
        try:
            answer = msgspec.json.decode(said.content, type=_Answer)
            signed = Signed(answer.lookup, answer.signed_by, answer.at)
        except (msgspec.DecodeError, ValueError) as why:
            raise NotSent(f"{said.status_code} without a look-up code: {why}") from why
        if signed.at > self._node.clock() + SKEW:
            raise NotSent(f"signed at {answer.signed_at}, which is still to come")
        collected = one.key.partition(" ")[2]
        try:
            self._node.till.issue({collected: signed}, by="")
        except NotAllowed as why:  # made void, or issued by hand, while it went
            log.info("%s was issued, and is not written down: %s", collected, why)
        except ClockBehind as why:
            raise NotSent(str(why)) from why


class Summaries(Exchange):
    """The summary of a collector's day, as it is when it goes."""

    def send(self, one: Due) -> None:
        """Counted anew at each try, under one name: what machines have sent meanwhile is in it."""
        day, agency = day_of_summary(one.key)
        self._post(one.name, msgspec.json.encode(day_summary(self._node, day, agency)))


def day_summary(node: Node, day: date, agency: str) -> dict[str, Any]:
    """Form 01/TH-BLĐT of one collector's day, as far as central knows."""
    till, view = node.till, node.catalog.latest
    streams = sorted({deal.stream for drawer in till.day(day) for deal in drawer.deals})
    found: list[Electronic] = []
    lookups: dict[str, str] = {}
    for stream in streams:
        dossier = node.projector.dossier(stream)
        if dossier.received is None or dossier.received.agency != agency:
            continue
        events = node.projector.events_of(stream)
        found += (one for one in electronic_of(dossier, events, view) if one.day == day)
        lookups |= {collected: said.lookup for collected, said in till.issued(dossier).items()}
    return summary_of(day, agency, found, lookups, view)


class Post:
    """By SMTP, a connection for each mail: there are some hundred a day."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, one: Due) -> None:
        """Hand one mail to the server; its id is the same each time. Raises as `Road` says."""
        mail = msgspec.json.decode(one.body, type=_Written)
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.sender, mail.to, mail.subject
        domain = self._settings.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{hashlib.sha256(one.name.encode()).hexdigest()[:32]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        try:
            with self._line() as line:
                line.send_message(message)
        except smtplib.SMTPRecipientsRefused as why:
            code, said = next(iter(why.recipients.values()))
            raise _told(code, said) from why
        except smtplib.SMTPResponseException as why:
            raise _told(why.smtp_code, why.smtp_error) from why
        except (OSError, smtplib.SMTPException) as why:
            raise LineDown(f"{self._settings.host} does not answer: {why}") from why

    def _line(self) -> smtplib.SMTP:
        """Open, closed as the settings say, and signed in."""
        host, port = self._settings.host, self._settings.port
        if self._settings.security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=PATIENCE_S, context=ssl.create_default_context()
            )
        else:
            line = smtplib.SMTP(host, port, timeout=PATIENCE_S)
        try:
            if self._settings.security == "starttls":
                line.starttls(context=ssl.create_default_context())
            if self._settings.user:
                line.login(self._settings.user, self._settings.password)
        except (OSError, smtplib.SMTPException):
            line.close()
            raise
        return line


class _Written(msgspec.Struct, frozen=True):
    to: str
    subject: str
    text: str


def _told(code: int, said: bytes | str) -> NotSent | Refused:
    """5xx of a mail server is for good, but for its own sign-in, which an administrator can put right."""
    words = f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
    return Refused(words) if 550 <= code < 560 else NotSent(words)


@dataclass(slots=True)
class _Pause:
    """How long a whole road is left alone, because nobody answers there."""

    fails: int = 0
    until: float = field(default=float("-inf"))


class Outlet:
    """Of central, until `stop`."""

    def __init__(self, node: Node, *, look_s: float = LOOK_S) -> None:
        self._node, self._look_s = node, look_s
        self._roads: dict[str, Road] = {}
        if node.settings.exchange is not None:
            self._roads[DOSSIER] = Exchange(node, node.settings.exchange)
        if node.settings.receipts is not None:
            self._roads[ISSUING] = Issuer(node, node.settings.receipts)
            self._roads[SUMMARY] = Summaries(node, node.settings.receipts)
        if node.settings.mail is not None:
            self._roads[MAIL] = Post(node.settings.mail)
        self._pauses = {kind: _Pause() for kind in self._roads}
        self._begun = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)

    def start(self) -> None:
        """Does nothing where the settings name no way out."""
        if self._roads:
            self._thread.start()

    def stop(self) -> None:
        """What is under way gets 5 s; if it did not end by then, it goes once more at the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def run_once(self) -> int:
        """Try what is due now; how much went. Raises `Unavailable` where that could not be noted."""
        if ISSUING in self._roads and not self._begun:
            self._take_pending()
            self._begun = True
        return sum(self._try(kind, road) for kind, road in self._roads.items())

    def _take_pending(self) -> None:
        """What was to be issued before central knew where receipts go is sent too."""
        node = self._node
        for stream in node.outbox.pending():
            with node.file.write() as connection:
                node.outbox.take_pending(
                    connection, node.projector.dossier(stream), node.projector.events_of(stream)
                )

    def _try(self, kind: str, road: Road) -> int:
        pause, outbox, went = self._pauses[kind], self._node.outbox, 0
        if self._node.stopwatch() < pause.until:
            return 0
        for one in outbox.due(kind, AT_ONCE):
            if self._stopping.is_set():
                break
            try:
                road.send(one)
            except LineDown as why:
                outbox.later(one, str(why), jitter=self._node.ids.jitter())
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(pause.fails, 10))
                pause.fails, pause.until = pause.fails + 1, self._node.stopwatch() + wait.total_seconds()
                break
            except NotSent as why:
                outbox.later(one, str(why), jitter=self._node.ids.jitter())
            except Refused as why:
                outbox.refused(one, str(why))
            except SyncError:
                raise
            except Exception as why:  # a fault of ours over one letter: it is shown, and the others go
                log.exception("%s cannot be sent", one.key)
                outbox.refused(one, f"{type(why).__name__}: {why}")
            else:
                outbox.sent(one)
                went += 1
            pause.fails, pause.until = 0, float("-inf")
        return went

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            self._round(self.run_once)

    @staticmethod
    def _round(turn: Callable[[], int]) -> None:
        try:
            turn()
        except Unavailable as why:  # a full disk: what went is sent once more, under the same name
            log.warning("left in the outbox: %s", why)
        except Exception:  # nobody would miss a thread that ends here
            log.exception("left in the outbox")
