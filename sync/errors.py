"""What can go wrong, in one tree.

SyncError
├── Refused             somebody said no; the same request will get the same answer. `status`, `error`
│   │                   and `reason` are CouchDB's, ready for an HTTP answer
│   ├── BadRequest      400  malformed: JSON, revision, id, parameter
│   ├── Unauthorized    401  no credentials, or wrong ones
│   ├── Forbidden       403  known, but may not; or a write rule's reason
│   ├── NotFound        404  missing, deleted, no such database
│   ├── NotAllowed      405  a method that this resource does not have
│   ├── Conflict        409  the base revision is not a leaf
│   ├── Exists          412  the database is there already
│   ├── MissingStub     412  an attachment stub that nothing here resolves
│   ├── TooLarge        413  a body beyond the limit
│   ├── BadContentType  415  a media type or encoding that is not understood
│   └── BadRange        416  a byte range outside the attachment
├── Unavailable         not now: line, peer or disk; the same request may succeed later
│   └── DiskFull        nothing of the transaction was saved
└── Broken              what must not happen: a damaged file, a wrong key, a peer that answers nonsense
"""

from __future__ import annotations


class SyncError(Exception):
    """The parent of every error that `sync` raises on purpose."""


class Refused(SyncError):
    """`error` is CouchDB's word, `reason` a sentence; `status` the HTTP status that goes with them."""

    status = 400
    error = "bad_request"

    def __init__(self, reason: str, *, error: str | None = None, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        if error is not None:
            self.error = error
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return f"{self.status} {self.error}: {self.reason}"


class BadRequest(Refused):
    """400. `error` is `bad_request` unless CouchDB has a word of its own (`illegal_docid`, …)."""


class Unauthorized(Refused):
    """401: nobody, or a wrong password."""

    status, error = 401, "unauthorized"


class Forbidden(Refused):
    """403: somebody who may not."""

    status, error = 403, "forbidden"


class NotFound(Refused):
    """404. `reason` is `missing`, `deleted`, or says what there is none of."""

    status, error = 404, "not_found"


class NotAllowed(Refused):
    """405, with the methods that are allowed."""

    status, error = 405, "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"Only {','.join(allowed)} allowed")
        self.allowed = allowed


class Conflict(Refused):
    """409: the revision that was named is no leaf."""

    status, error = 409, "conflict"

    def __init__(self, reason: str = "Document update conflict.", *, error: str | None = None) -> None:
        super().__init__(reason, error=error)


class Exists(Refused):
    """412: a database of this name."""

    status, error = 412, "file_exists"


class MissingStub(Refused):
    """412: an attachment that was named as known, and is not here."""

    status, error = 412, "missing_stub"


class TooLarge(Refused):
    """413: a document, an attachment or a request."""

    status, error = 413, "too_large"


class BadContentType(Refused):
    """415: a body that is no JSON."""

    status, error = 415, "bad_content_type"


class BadRange(Refused):
    """416; `length` is the whole length in bytes, for `Content-Range`."""

    status, error = 416, "requested_range_not_satisfiable"

    def __init__(self, length: int) -> None:
        super().__init__("Requested range not satisfiable")
        self.length = length


class Unavailable(SyncError):
    """`retry_after_s`: what the other side asked for, if it asked."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class DiskFull(Unavailable):
    """Nothing of the transaction was written; what was saved can be read."""


class Broken(SyncError):
    """The file or the other side is not what it must be: stop, and keep it as it is."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
