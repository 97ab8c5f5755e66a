"""Printers that speak IPP (RFC 8011): a queue of CUPS, or a printer in the network. The only module that knows pyipp.

pyipp's own client is asynchronous; its codec is used here, over a session of requests. A paper's name is its job's
name, so that after a crash the printer itself says whether it has it.

| job-state of IPP                | fate    |
|---------------------------------|---------|
| pending, held, processing, stopped | waiting |
| completed                       | out     |
| canceled, aborted               | dropped |
| no job of that name, and CUPS, which keeps its history | absent |
| no job of that name elsewhere   | nobody knows |
"""

from __future__ import annotations

import contextlib
import ssl
import struct
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit, urlunsplit

import requests
from pyipp.const import DEFAULT_PROTO_VERSION
from pyipp.enums import IppJobState, IppOperation
from pyipp.exceptions import IPPError
from pyipp.parser import parse
from pyipp.serializer import encode_dict
from urllib3.exceptions import LocationParseError, NewConnectionError

from printing.errors import OutcomeUnknown, PrinterUnavailable
from printing.spool import Fate, Told

TIMEOUT_S: Final = 10.0
"""Of a printer's answer, not of its printing."""
PORT: Final = 631
_USER: Final = "motcua"
_JOB_FACTS: Final = [
    "job-id", "job-name", "job-state", "job-state-reasons", "job-printer-state-message", "time-at-processing",
]  # fmt: skip
_WORKING: Final = frozenset(
    {IppJobState.PENDING, IppJobState.HELD, IppJobState.PROCESSING, IppJobState.STOPPED}
)
_PRINTER_FACTS: Final = [
    "cups-version", "printer-make-and-model", "printer-name", "printer-state-reasons",
]  # fmt: skip
"""Nothing else is asked for: what pyipp cannot read of all that a printer knows would hide what it can."""
_MEDIA_TYPE: Final = "application/ipp"
_NO_REASON: Final = frozenset(
    {"none", "", "job-printing", "job-incoming", "job-queued", "processing-to-stop-point"}
)
_GOOD: Final = range(0x100)
"""Status codes that mean success (RFC 8011 §4.1.6.1)."""


class IppPrinter:
    """`uri` as people know it: `ipp://localhost/printers/Quay03`, `ipps://10.0.0.9/ipp/print`."""

    def __init__(self, name: str, uri: str, *, session: requests.Session | None = None) -> None:
        self.name, self._uri = name, uri
        self._url = http_url(uri)
        self._session = session or _session()

    def deliver(self, paper: str, pdf: bytes) -> Told:
        """Send a paper; it waits in the printer's queue then."""
        answer = self._ask_printer(
            IppOperation.PRINT_JOB,
            {"job-name": paper, "document-format": "application/pdf"},
            pdf,
        )
        jobs = self._jobs_of(answer)
        if not jobs:
            raise OutcomeUnknown(self.name, "it took the paper and does not say as which job")
        return self._fate(jobs[0])

    def ask(self, paper: str) -> Told:
        """Look for the paper among the jobs that the printer knows, finished ones too."""
        job = self._find(paper)
        if job is not None:
            return self._fate(job)
        if self._keeps_history():
            return Told(Fate.ABSENT)
        raise OutcomeUnknown(self.name, "it keeps no list of what it has printed")

    def take_back(self, paper: str) -> Told:
        """Cancel its job. One that was begun may have printed a sheet: OutcomeUnknown."""
        job = self._find(paper)
        if job is None or job.get("job-state") not in _WORKING:
            return self.ask(paper)
        # it refuses where the job has come to its end meanwhile
        with contextlib.suppress(PrinterUnavailable):
            self._ask_printer(IppOperation.CANCEL_JOB, {"job-id": int(job["job-id"])})
        now = self.ask(paper)
        if now.fate is Fate.DROPPED and self.begun(paper):
            raise OutcomeUnknown(self.name, "it had begun to print when the paper was taken back")
        return now

    def begun(self, paper: str) -> bool:
        """Whether something of a paper may lie in the tray."""
        job = self._find(paper)
        return job is not None and isinstance(job.get("time-at-processing"), int)

    def _find(self, paper: str) -> Mapping[str, Any] | None:
        """The newest job of this name."""
        found = [
            job
            for which in ("not-completed", "completed")
            for job in self._jobs_of(
                self._ask_printer(
                    IppOperation.GET_JOBS,
                    {"which-jobs": which, "requested-attributes": _JOB_FACTS},
                )
            )
            if job.get("job-name") == paper
        ]
        return max(found, key=lambda job: int(job.get("job-id", 0)), default=None)

    def about(self) -> str:
        """What the printer calls itself and how it is: for a page and a test of the line."""
        facts = self._printer()
        reasons = [
            reason for reason in _listed(facts.get("printer-state-reasons")) if reason not in _NO_REASON
        ]
        model = str(facts.get("printer-make-and-model") or facts.get("printer-name") or self._uri)
        return f"{model}: {', '.join(reasons)}" if reasons else model

    def _keeps_history(self) -> bool:
        return bool(self._printer().get("cups-version"))

    def _printer(self) -> Mapping[str, Any]:
        answer = self._ask_printer(
            IppOperation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": _PRINTER_FACTS}
        )
        printers = answer.get("printers") or [{}]
        return cast(Mapping[str, Any], printers[0])

    def _fate(self, job: Mapping[str, Any]) -> Told:
        state = job.get("job-state")
        reasons = [reason for reason in _listed(job.get("job-state-reasons")) if reason not in _NO_REASON]
        if state == IppJobState.COMPLETED:
            return Told(Fate.OUT)
        if state in _WORKING:
            return Told(Fate.WAITING, self._trouble() or ", ".join(reasons))
        said = str(job.get("job-printer-state-message") or "")
        return Told(Fate.DROPPED, said or ", ".join(reasons) or "it was cancelled at the printer")

    def _trouble(self) -> str:
        """Why a printer stands still: media-empty, offline, cover-open …; empty where it does not say."""
        try:
            reasons = _listed(self._printer().get("printer-state-reasons"))
        except PrinterUnavailable:  # it has said that it has the paper
            return ""
        return ", ".join(reason for reason in reasons if reason not in _NO_REASON)

    def _jobs_of(self, answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return list(answer.get("jobs") or [])

    def _ask_printer(
        self, operation: IppOperation, facts: Mapping[str, Any], document: bytes = b""
    ) -> Mapping[str, Any]:
        """Raises PrinterUnavailable, or OutcomeUnknown once a document was on its way."""
        about = {"printer-uri": self._uri, "requesting-user-name": _USER, **facts}
        return _asked(self.name, self._session, self._url, operation, about, document)


def queues_of(server: str) -> list[tuple[str, str, str]]:
    """(name, address, model) of the queues of a CUPS server. Raises PrinterUnavailable."""
    wanted = ["printer-name", "printer-info", "printer-uri-supported", "printer-make-and-model"]
    facts = {"requested-attributes": wanted}
    answer = _asked(server, _session(), http_url(server), IppOperation.CUPS_GET_PRINTERS, facts)
    return [
        (
            str(one.get("printer-info") or one["printer-name"]),
            str(next(iter(_listed(one["printer-uri-supported"])))),
            str(one.get("printer-make-and-model") or ""),
        )
        for one in answer.get("printers") or []
        if one.get("printer-name") and one.get("printer-uri-supported")
    ]


def _asked(
    name: str,
    session: requests.Session,
    url: str,
    operation: IppOperation,
    facts: Mapping[str, Any],
    document: bytes = b"",
) -> Mapping[str, Any]:
    """One request. Raises PrinterUnavailable, or OutcomeUnknown once a document was on its way."""
    body = encode_dict(
        {
            "version": DEFAULT_PROTO_VERSION,
            "operation": operation,
            "request-id": 1,
            "operation-attributes-tag": {
                "attributes-charset": "utf-8",
                "attributes-natural-language": "en",
                **facts,
            },
        }
    )
    try:
        answer = session.post(
            url, data=body + document, headers={"Content-Type": _MEDIA_TYPE}, timeout=TIMEOUT_S
        )
    except requests.ConnectTimeout as why:
        raise PrinterUnavailable(name, "it does not answer") from why
    except LocationParseError as why:
        raise PrinterUnavailable(name, _NO_ADDRESS) from why
    except requests.RequestException as why:
        nothing_went_out = _why_nothing_went_out(why)
        if document and not nothing_went_out:
            raise OutcomeUnknown(name, "the line broke while the paper was sent") from why
        raise PrinterUnavailable(name, nothing_went_out or _OFF) from why
    return _read(name, answer, PrinterUnavailable if not document else OutcomeUnknown)


def _read(
    name: str, answer: requests.Response, doubtful: type[PrinterUnavailable | OutcomeUnknown]
) -> Mapping[str, Any]:
    """`doubtful`: what is raised where the printer may have done what it was asked for. PrinterUnavailable, always, where it
    says that it has not, or is none."""
    if answer.status_code != requests.codes.ok:
        is_its_fault = answer.status_code >= requests.codes.internal_server_error
        refusal = doubtful if is_its_fault else PrinterUnavailable
        raise refusal(name, f"it answers {answer.status_code} {answer.reason}")
    if not answer.headers.get("Content-Type", "").startswith(_MEDIA_TYPE):
        raise PrinterUnavailable(name, "it does not speak IPP")
    try:
        parsed = parse(answer.content)
    except (IPPError, ValueError, LookupError, TypeError, struct.error) as why:
        raise doubtful(name, "it does not speak IPP that can be read") from why
    code = int(parsed["status-code"])
    if code in _GOOD:
        return cast(Mapping[str, Any], parsed)
    said = (parsed.get("operation-attributes") or {}).get("status-message", "")
    raise PrinterUnavailable(name, str(said) or f"it refuses with IPP status 0x{code:04x}")


def http_url(uri: str) -> str:
    """Where requests finds an `ipp` or `ipps` printer."""
    parts = urlsplit(uri)
    scheme = "https" if parts.scheme in ("ipps", "https") else "http"
    host = parts.hostname or "localhost"
    if ":" in host:
        host = f"[{host}]"
    return urlunsplit((scheme, f"{host}:{parts.port or PORT}", parts.path or "/", "", ""))


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _listed(value: Any) -> list[str]:
    """A keyword attribute, which has one value or several."""
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _why_nothing_went_out(why: requests.RequestException) -> str:
    """Empty where a paper, or some of it, may have gone out."""
    if isinstance(why, requests.exceptions.InvalidURL):
        return _NO_ADDRESS
    reason: object = why
    seen = 0
    while isinstance(reason, BaseException) and seen < _DEPTH:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return "nobody whom this machine trusts has signed its certificate"
        if isinstance(reason, NewConnectionError):
            return _OFF
        reason = (
            getattr(reason, "reason", None)
            or reason.__cause__
            or reason.__context__
            or next(iter(reason.args), None)
        )
        seen += 1
    return ""


_NO_ADDRESS: Final = "there can be no such address"
_OFF: Final = "it is off, or the line to it is down"
_DEPTH: Final = 10
"""urllib3 wraps the system's error a few times."""
