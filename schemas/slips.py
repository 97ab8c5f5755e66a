"""The text of form 01's QR code: proof that a paper slip is real, without personal data (design §7).

`MC1|<number>|<stream>|<event hash>|<node>|<seal>`: the hash as base64url, the seal an Ed25519 signature by
the node over `motcua/slip/1` LF and the members before it. Any node or public page can check it offline; a
genuine slip whose event is lost can be entered again into the same stream under the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed
from schemas.seals import holds

_PREFIX = "MC1"


@dataclass(frozen=True, slots=True)
class SlipCode:
    """What a slip's QR code says."""

    number: str
    stream: str
    event: str
    node: str

    def _text(self) -> str:
        return "|".join((_PREFIX, self.number, self.stream, to_base64(bytes.fromhex(self.event)), self.node))

    def sealed(self, sign: Callable[[bytes], bytes]) -> str:
        """The whole text of the QR code; `sign` is the node's Ed25519 key."""
        text = self._text()
        return f"{text}|{to_base64(sign(_message(text)))}"


def _message(text: str) -> bytes:
    return b"motcua/slip/1\n" + text.encode()


def read(text: str) -> tuple[SlipCode, bytes]:
    """The slip's code and its seal; raises `Malformed` for anything that is no slip of ours."""
    parts = text.strip().split("|")
    if len(parts) != 6 or parts[0] != _PREFIX or not text.isascii():
        raise Malformed("slip", "not the code of a receipt slip")
    event = from_base64(parts[3], "slip.event", 32).hex()
    return SlipCode(parts[1], parts[2], event, parts[4]), from_base64(parts[5], "slip.seal", 64)


def is_real(text: str, public_key: str) -> bool:
    """Whether the node with this Ed25519 key (base64url) printed the slip."""
    try:
        code, seal = read(text)
    except Malformed:
        return False
    return holds(public_key, seal, _message(code._text()))
