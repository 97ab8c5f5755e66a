"""Files that a browser sends: how large, and whether they are what the page asks for.

What a file is, its bytes say; its name and the browser's word for its type are not believed, and a name is never a
path here. Nothing is kept of a file that is not taken.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from io import BytesIO
from typing import IO, Any, Final, TypeVar

from flask import Request, current_app, request
from werkzeug.datastructures import FileStorage, ImmutableMultiDict

from edge.errors import NodeError
from schemas.spelling import composed

LARGEST_SCAN: Final = 100 * 1024 * 1024
_ROOM: Final = 64 * 1024
"""What of a request is not the file."""
_NAME: Final = 120
"""Characters of a file's name that are kept."""
View = TypeVar("View", bound=Callable[..., Any])


class Kind(Enum):
    """What a page may ask for."""

    CSV = "csv"
    CATALOG = "catalog"
    """A CSV too, of a whole catalog."""
    CERTIFICATE = "certificate"
    PDF = "pdf"


LARGEST_CATALOG: Final = 8 * 1024 * 1024
MOST_BYTES: Final = {
    Kind.CSV: 200 * 1024,
    Kind.CATALOG: LARGEST_CATALOG,
    Kind.CERTIFICATE: 32 * 1024,
    Kind.PDF: LARGEST_SCAN,
}


class BadUpload(NodeError):
    """`why` is one of: missing, large, kind."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def upload(field: str, kind: Kind) -> bytes:
    """The bytes of a file in the present form. Raises `BadUpload`."""
    sent = request.files.get(field)
    if sent is None or not sent.filename:
        raise BadUpload("missing")
    return _content(sent, kind)


def uploads(field: str, kind: Kind) -> list[tuple[str, bytes]]:
    """The files in the present form with the names that people gave them; none, where none was chosen. Raises `BadUpload`."""
    return [(_name_of(sent), _content(sent, kind)) for sent in request.files.getlist(field) if sent.filename]


def named_files(field: str, most: int) -> list[tuple[str, bytes]]:
    """The files in the present form with the names that people gave them, each cut one byte beyond `most`."""
    return [
        (_name_of(sent), sent.stream.read(most + 1)) for sent in request.files.getlist(field) if sent.filename
    ]


def most_bytes() -> int | None:
    """How many bytes of files the page that was asked for takes; None where it takes none."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "most_bytes", None)


def _name_of(sent: FileStorage) -> str:
    """A name as text to be shown, without the folders that some browsers send; never a path here."""
    name = (sent.filename or "").replace("\\", "/").rpartition("/")[2]
    return composed("".join(one if one.isprintable() else " " for one in name))[-_NAME:] or "tệp"


def _content(sent: FileStorage, kind: Kind) -> bytes:
    content = sent.stream.read(MOST_BYTES[kind] + 1)
    if len(content) > MOST_BYTES[kind]:
        raise BadUpload("large")
    if not content or not is_kind(content, kind):
        raise BadUpload("kind")
    return content


def is_kind(content: bytes, kind: Kind) -> bool:
    """Whether bytes begin as files of a kind do; a PDF begins at once, so that it is nothing else as well."""
    match kind:
        case Kind.PDF:
            return content.startswith(b"%PDF-")
        case Kind.CERTIFICATE:
            return content.startswith((b"-----BEGIN CERTIFICATE-----", b"\x30\x82"))
        case Kind.CSV | Kind.CATALOG:
            head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
            return b"\0" not in content and head not in (b"<", b"%", b"")


# ---- how much a page takes


class InMemory(Request):
    """A request whose files stay in memory: a temporary file on the disk would outlast them, and nothing closes it."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def takes_files(most: int) -> Callable[[View], View]:
    """A view whose form has files, of so many bytes in all. Every other one takes no more than words."""

    def marked(view: View) -> View:
        view.most_bytes = most  # type: ignore[attr-defined]
        return view

    return marked


def make_room() -> None:
    """For somebody who is signed in, before anything reads the form: once it was read, it was too large or not."""
    most = most_bytes()
    if most is not None:
        request.max_content_length = most + _ROOM


def read_nothing() -> None:
    """A form that is too large is too large for the page that says so as well: it gets an empty one."""
    request.__dict__.update(form=ImmutableMultiDict(), files=ImmutableMultiDict())
