"""What the office says no with, beside `edge.NodeError`.

CentralError              parent
└── UnreadableCatalog     a CSV that cannot be imported at all: nothing was changed
"""

from __future__ import annotations


class CentralError(Exception):
    """Something an administrator can do something about; nothing was changed."""


class UnreadableCatalog(CentralError):
    """A file that is no catalog: not UTF-8, empty, or without a column."""
