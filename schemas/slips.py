"""The text of the QR code on a slip, a receipt or a result: proof that a paper is real, without personal data (design §7).

`MC1|<number>|<stream>|<proof>|<node>|<seal>`: the proof as base64url, the seal an Ed25519 signature by
the node over `motcua/slip/1` LF and the members before it. Any node or public page can check it offline; a
genuine slip whose event is lost can be entered again into the same stream under the same number.

| begins | paper                | number               | proof                                            |
|--------|----------------------|----------------------|--------------------------------------------------|
| `MC1`  | form 01              | the dossier's        | hash of `dossier.received`                       |
| `MR1`  | receipt              | its symbol and number| hash of `dossier.fee_collected`                  |
| `MK1`  | result               | the dossier's        | digest of what the result says, which its act names |

A centre with a public page puts its address before the code, for telephones: `<address>#<code>`, with `~` for `|`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote

from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed
from schemas.seals import holds


class Coded(Enum):
    """The papers that have a code, by how it begins."""

    SLIP = "MC1"
    RECEIPT = "MR1"
    RESULT = "MK1"


_MESSAGE: Final = {Coded.SLIP: b"slip", Coded.RECEIPT: b"receipt", Coded.RESULT: b"result"}
SLIPS: Final = frozenset({Coded.SLIP})
ALL: Final = frozenset(Coded)
_MARK, _APART, _APART_IN_ADDRESS = "#", "|", "~"


@dataclass(frozen=True, slots=True)
class SlipCode:
    """What a QR code says; `event` is the proof in hex."""

    number: str
    stream: str
    event: str
    node: str
    paper: Coded = Coded.SLIP

    def _text(self) -> str:
        proof = to_base64(bytes.fromhex(self.event))
        return _APART.join((self.paper.value, self.number, self.stream, proof, self.node))

    def sealed(self, sign: Callable[[bytes], bytes], page: str = "") -> str:
        """The whole text of the QR code; `sign` is the node's Ed25519 key, `page` the address of the public page."""
        text = self._text()
        code = f"{text}|{to_base64(sign(_message(self.paper, text)))}"
        return f"{page}{_MARK}{code.replace(_APART, _APART_IN_ADDRESS)}" if page else code


def _message(paper: Coded, text: str) -> bytes:
    return b"motcua/" + _MESSAGE[paper] + b"/1\n" + text.encode()


def bare(text: str) -> str:
    """The code without an address before it; whatever scanners and browsers add."""
    _, mark, code = text.strip().rpartition(_MARK)
    return unquote(code).replace(_APART_IN_ADDRESS, _APART) if mark else code


def read(text: str, papers: frozenset[Coded] = SLIPS) -> tuple[SlipCode, bytes]:
    """The code and its seal; raises `Malformed` for anything that is no code of these papers."""
    code = bare(text)
    parts = code.split(_APART)
    paper = next((one for one in papers if one.value == parts[0]), None)
    if len(parts) != 6 or paper is None or not code.isascii():
        raise Malformed("slip", "not the code of a receipt slip")
    event = from_base64(parts[3], "slip.event", 32).hex()
    return SlipCode(parts[1], parts[2], event, parts[4], paper), from_base64(parts[5], "slip.seal", 64)


def is_real(text: str, public_key: str, papers: frozenset[Coded] = SLIPS) -> bool:
    """Whether the node with this Ed25519 key (base64url) printed the paper."""
    try:
        code, seal = read(text, papers)
    except Malformed:
        return False
    return holds(public_key, seal, _message(code.paper, code._text()))
