"""What a node says no with, beside `schemas.Refused` and `sync.SyncError`.

NodeError                 parent of what a node raises on purpose
├── CannotStart           configuration, data folder or port: one line for the operator, exit status 2
├── NotEnrolled           the centre said no, or did not prove that it is the centre; nothing was kept but the keys
├── WrongSecret           `wait_s`: how long until the next try
│   ├── WrongPin
│   └── WrongPassword
├── WeakSecret            a new PIN or password that is too short or too easy to guess
├── NotYours              a second person who is the first one, or may not do this
├── NotEnoughCash         `left`: what the drawer holds; nothing was given back
├── CentreOutOfReach      what only central can do; nothing was changed
├── CannotSign            the token, its PIN or its certificate; nothing was signed
├── CannotStamp           no time-stamp now; tried again
├── NotTaken              a bundle that was carried here and is not taken
├── NotGiven              a bundle that could not be made
├── NotAtCounter          a ticket that is not, or no longer, at this counter: the page was old
└── UnreadablePdf         a file that is no PDF, or not one that can be read
"""

from __future__ import annotations


class NodeError(Exception):
    """Something a person can do something about; nothing was changed."""


class CannotStart(NodeError):
    """The node cannot start; the message is one line that says what to do."""


class NotEnrolled(NodeError):
    """This machine has no card yet; what was wrong, and what to do.

    `because` is for the page: own_address, address, open, silent, stranger, refused, damaged (over the line); check,
    no_request, not_ours (by stick); or the reason that central gave (`edge.enrolment.REASONS`).
    """

    def __init__(self, message: str, because: str = "") -> None:
        super().__init__(message)
        self.because = because


class WrongSecret(NodeError):
    """Not this person's; the next try is looked at after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wrong; next try in {wait_s} s")
        self.wait_s = wait_s


class WrongPin(WrongSecret):
    """Not this person's PIN at this machine."""


class WrongPassword(WrongSecret):
    """Not this person's password."""


class WeakSecret(NodeError):
    """`why` is one of: digits, length, simple."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotYours(NodeError):
    """The second person is the first one, or has no role for this."""


class NotEnoughCash(NodeError):
    """More is to be given back than the drawer holds."""

    def __init__(self, left: int) -> None:
        super().__init__(f"the drawer holds {left}")
        self.left = left


class CentreOutOfReach(NodeError):
    """Central does not answer; `why` is in English."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class CannotSign(NodeError):
    """`why` is one of: no_token, no_module, wrong_pin, last_try, locked, removed, device, algorithm, not_yours (the token);
    not_yet, expired, usage, unreadable, revoked, unknown_issuer (the certificate); pdf, no_result, no_form,
    attachment_signed (the document).
    `holder` is the person or the agency whose token it was, where that is known.
    """

    def __init__(self, why: str, holder: str = "") -> None:
        super().__init__(f"{why} ({holder})" if holder else why)
        self.why, self.holder = why, holder


class NotAtCounter(NodeError):
    """The page showed another state of the queue than there is now; nothing was called or ended."""


class CannotStamp(NodeError):
    """The time-stamp service did not answer, or not with a time-stamp; the result is as it was."""


class UnreadablePdf(NodeError):
    """The message is for programs and for the log; a page says that it cannot be read."""


class NotTaken(NodeError):
    """Nothing of the bundle was taken. `why` is one of: none, newer, damaged (the file); elsewhere, unknown, ended, own
    (the machines); old (the age), busy (another bundle). `node` is the other machine, where that matters.
    """

    def __init__(self, why: str, said: str, node: str = "") -> None:
        super().__init__(said)
        self.why, self.node = why, node


class NotGiven(NodeError):
    """No file was made. `why` is one of: receiver, unwritable, full, busy."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(said)
        self.why = why
