"""What a node says no with, beside `schemas.Refused` and `sync.SyncError`.

NodeError                 parent of what a node raises on purpose
├── CannotStart           configuration, data folder or port: one line for the operator, exit status 2
├── NotEnrolled           the centre said no, or did not prove that it is the centre; nothing was kept but the keys
├── WrongPin              `wait_s`: how long until the next try
└── CannotSign            the token, its PIN or its certificate; nothing was signed
"""

from __future__ import annotations


class NodeError(Exception):
    """Something a person can do something about; nothing was changed."""


class CannotStart(NodeError):
    """The node cannot start; the message is one line that says what to do."""


class NotEnrolled(NodeError):
    """This machine has no card yet; what was wrong, and what to do."""


class WrongPin(NodeError):
    """Not this person's PIN; the next try is looked at after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wrong PIN; next try in {wait_s} s")
        self.wait_s = wait_s


class CannotSign(NodeError):
    """`why` is one of: no_token, wrong_pin, not_yours, expired."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
