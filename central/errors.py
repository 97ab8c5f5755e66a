"""What the office says no with, beside `edge.NodeError`.

CentralError              parent
├── UnreadableCatalog     a CSV that cannot be imported at all: nothing was changed
├── NotConfirmed          a proposal that cannot become entries of the catalog (`central.cataloguing.proposals`)
├── NotCopied             a backup that was not made, or not taken in: what was there is as it was
├── Unacceptable          a submission of a portal that cannot be registered (`central.intake`)
├── SentOtherwise         one whose name was used before for something else; what came first stands
├── UnknownSubmission     one that is asked about and is not here
├── NotWaited             papers for a dossier that waits for none
├── NotSent               a message that did not go, and may go later (`central.outlet`)
│   └── LineDown          nobody answers: the others would not go either
├── Refused               one that whoever got it will never take
├── AnotherCentre         databases in a cluster that are not this centre's (`central.cluster`)
├── NotMoved              documents that are not the same at both ends (`central.moving`)
└── NotGranted            a card that cannot be granted, renewed or taken back so; nothing was changed
"""

from __future__ import annotations


class CentralError(Exception):
    """Something an administrator can do something about; nothing was changed."""


class UnreadableCatalog(CentralError):
    """A file that is no catalog: not UTF-8, empty, or without a column."""


class NotCopied(CentralError):
    """A copy that would not be whole, and so is none."""


class AnotherCentre(CentralError):
    """Databases that would be mixed with somebody else's."""


class NotMoved(CentralError):
    """Documents that did not get to the other end; what did stays there, and the next try goes on."""


class NotGranted(CentralError):
    """A code, request, name or number that central refuses; the message says what to do.

    `because` and `facts` are for pages, which word it in Vietnamese: "" for what only commands and machines meet.
    """

    def __init__(self, message: str, because: str = "", **facts: object) -> None:
        super().__init__(message)
        self.because, self.facts = because, facts
