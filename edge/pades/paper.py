"""What is asked of a signature, and what a signed PDF says: words only, which every node has from its start.

What makes and reads them is pyHanko, a fifth of a node's start: it is loaded where somebody signs for the first time.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec

from edge.errors import UnreadablePdf
from printing.appearance import Box

LARGEST_BYTES: Final = 20 * 1024 * 1024
SECONDS: Final = 20

NUMBER: Final = "SoKyHieu"
DAY: Final = "NgayThang"
APPROVER: Final = "PheDuyet"
CLERK: Final = "VanThu"
ORGANISATION: Final = "CoQuan"


@dataclass(frozen=True, slots=True)
class Visible:
    """Something drawn: a PDF of one page, on which page it stands, and where."""

    appearance: bytes
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Draft:
    """A result as it goes to the approver. `number` and `day` show what stands there until they are filled.

    `seal` is where the organisation's seal will be; None where the procedure asks for none.
    """

    pdf: bytes
    signature: Visible
    number: Visible | None = None
    day: Visible | None = None
    seal: tuple[int, Box] | None = None


@dataclass(frozen=True, slots=True)
class Signing:
    """What one signature says beside its mathematics: in which field, why, where, when."""

    field: str
    reason: str
    place: str
    at: datetime
    certify: bool = False


class Signature(msgspec.Struct, frozen=True):
    """One signature or document time-stamp, in the order of the revisions; certificates are DER.

    `whole`: the bytes that it covers are those that were signed. `to_the_end`: nothing comes after them in the file.
    `allowed`: what came after is no more than its author allowed; `changed` names the fields that came after, and
    `forbidden` says what broke the rules. `at` is the signer's own word, `stamped` a time-stamp service's.
    """

    field: str
    kind: Literal["signature", "timestamp"]
    certificate: bytes
    whole: bool
    to_the_end: bool
    allowed: bool
    others: tuple[bytes, ...] = ()
    changed: tuple[str, ...] = ()
    forbidden: str = ""
    at: datetime | None = None
    stamped: datetime | None = None
    stamped_by: bytes = b""
    reason: str = ""
    place: str = ""
    certifies: bool = False


class Paper(msgspec.Struct, frozen=True):
    """A signed PDF. `values` are its form fields that hold something."""

    signatures: tuple[Signature, ...]
    values: dict[str, str]

    @property
    def untouched(self) -> bool:
        """Every signature holds, nothing forbidden was changed, and the last one covers the file to its end."""
        return (
            bool(self.signatures)
            and all(one.whole and one.allowed for one in self.signatures)
            and self.signatures[-1].to_the_end
        )


def read_apart(pdf: bytes) -> Paper:
    """Read a PDF that came from outside. Raises `UnreadablePdf`, also where it takes too long or too much."""
    if len(pdf) > LARGEST_BYTES:
        raise UnreadablePdf(f"more than {LARGEST_BYTES} bytes")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge.pades.reading"],
            input=pdf,
            capture_output=True,
            timeout=SECONDS * 2,
            check=False,
        )
    except subprocess.TimeoutExpired as why:
        raise UnreadablePdf("reading it took too long") from why
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnreadablePdf(last[-1] if last else f"its reader ended with {done.returncode}")
    return msgspec.json.decode(done.stdout, type=Paper)
