"""How a machine that nobody knows yet gets its card: one request, one answer, and a code that binds both.

    request   the public halves of keys that the machine has made, with a proof that it holds the secret one
    answer    the centre's certificate, and the catalog up to the machine's card

Online, whoever is on the line between could change either. So an administrator carries a one-time code from central
to the machine, and each side proves to the other, by a MAC over exactly these bytes, that it knows it. The request also
names the TLS key that the machine sees: with somebody in the middle it is another one, and central refuses. By hand
(a USB stick) there is no code; instead a check of each file is typed in at the other side.

Codes and checks are spelled alike: 20 letters and digits in fives, of Crockford's alphabet, the last one a check digit.
A code is 4 that name it and 15 (75 bits) that are its secret: whoever hears the exchange has 30 minutes to guess them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from schemas.canonical import canonical, from_base64, to_base64
from schemas.errors import Malformed, Refused
from schemas.seals import holds

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U."""
LENGTH: Final = 20
_NAME: Final = 4
_MEANT: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None, "\u2011": None})
ADDRESS: Final = r"^(https://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?)?\Z"


@dataclass
class Misspelled(Refused):
    """What was typed is no code and no check: a letter is wrong, missing, or in another's place."""

    what: str

    def __str__(self) -> str:
        return f"the {self.what} was not typed as it stands there: 20 letters and digits, in fives"


# --- codes and checks ---


def spelled(value: int) -> str:
    """19 characters of `value` (95 bits) and the check digit, in fives."""
    text = "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(LENGTH - 1)))
    text += ALPHABET[-_luhn(text + "0") % 32]
    return "-".join(text[start : start + 5] for start in range(0, LENGTH, 5))


def read(typed: str, what: Literal["code", "check"]) -> str:
    """The 20 characters that were meant: any case, O for 0, I and L for 1. Raises `Misspelled`."""
    text = typed.upper().translate(_MEANT)
    if len(text) != LENGTH or not set(text) <= set(ALPHABET) or _luhn(text):
        raise Misspelled(what)
    return text


def _luhn(text: str) -> int:
    """Luhn's sum modulo 32: not 0 for one wrong character, nor for most that changed places."""
    total = 0
    for place, character in enumerate(reversed(text)):
        value = ALPHABET.index(character) * (1 + place % 2)
        total += value // 32 + value % 32
    return total % 32


@dataclass(frozen=True, slots=True)
class Code:
    """One-time: `name` is said openly, `key` is what both sides prove to have. Central keeps these two."""

    name: str
    key: bytes

    @classmethod
    def of(cls, typed: str) -> Code:
        """Raises `Misspelled`."""
        text = read(typed, "code")
        name = text[:_NAME]
        return cls(name, hmac.digest(text.encode(), b"motcua/enrol/code/1\n", "sha256"))

    def tag(self, what: Literal["request", "answer"], request: bytes, answer: bytes = b"") -> bytes:
        """What proves that the sender of these bytes knows the code."""
        message = hashlib.sha256(request).digest() + answer
        return hmac.digest(self.key, f"motcua/enrol/{what}/1\n".encode() + message, "sha256")


def check_of(file: bytes) -> str:
    """What is typed in at the other side, so that no file on a stick is taken for another one."""
    digest = hashlib.sha256(b"motcua/enrol/check/1\n" + file).digest()
    return spelled(int.from_bytes(digest) >> (256 - 5 * (LENGTH - 1)))


def check_holds(file: bytes, typed: str) -> bool:
    """Raises `Misspelled`."""
    return hmac.compare_digest(read(check_of(file), "check"), read(typed, "check"))


# --- the messages ---

Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a machine asks for. `tls` is the DER of its public TLS key, `address` the URL at which others are to
    reach it ("": nobody), `server` the pin of the server that it speaks to ("": no TLS). All binary is base64url.
    """

    v: Literal[1]
    ed25519: Key
    x25519: Key
    tls: Annotated[str, Meta(max_length=400)]
    address: Annotated[str, Meta(pattern=ADDRESS, max_length=200)]
    server: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    proof: str

    def is_proven(self) -> bool:
        """Whether the sender holds the secret half of the key that is to seal."""
        try:
            return holds(self.ed25519, from_base64(self.proof, "proof", 64), _proof_message(self))
        except Malformed:
            return False


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the centre says: who the machine is now, the certificate to pin, and the catalog with its card."""

    v: Literal[1]
    node: str
    root: str
    catalog: list[dict[str, Any]]


def prove(request: Request, sign: Callable[[bytes], bytes]) -> Request:
    """The request with its proof; `sign` is the Ed25519 key's."""
    return msgspec.structs.replace(request, proof=to_base64(sign(_proof_message(request))))


def _proof_message(request: Request) -> bytes:
    said = msgspec.to_builtins(msgspec.structs.replace(request, proof=""))
    return b"motcua/enrol/proof/1\n" + canonical(said)


def read_request(raw: bytes) -> Request:
    """Raises `Malformed`."""
    try:
        request = msgspec.json.decode(raw, type=Request)
    except msgspec.MsgspecError as why:
        raise Malformed("request", f"no request of a machine: {why}") from why
    if not request.is_proven():
        raise Malformed("request", "whoever made it does not hold the key that is to seal")
    return request


def read_answer(raw: bytes) -> Answer:
    """Raises `Malformed`."""
    try:
        return msgspec.json.decode(raw, type=Answer)
    except msgspec.MsgspecError as why:
        raise Malformed("answer", f"no answer of a centre: {why}") from why


# --- places ---

_NODE: Final = re.compile(r"^([a-z0-9]+(?:-[a-z0-9]+)*)\.([1-9][0-9]*)$")


def incarnation(node: str) -> tuple[str, int]:
    """`counter-03.2` is the second installation at place `counter-03`."""
    match = _NODE.fullmatch(node)
    if match is None:
        raise Malformed("node", f"{node!r} is no name of a node")
    return match[1], int(match[2])
