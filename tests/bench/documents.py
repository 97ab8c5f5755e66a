"""Events of 2 KB, eight to a dossier, written as two nodes would have: sealed, chained, signed where they must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import msgspec

from edge.database import Chain
from edge.node import Node
from edge.signing import open_token
from schemas.acts import (
    Appraised,
    Approved,
    FeeDue,
    Party,
    Reasoned,
    Received,
    ReceivedComponent,
    Returned,
    WithdrawalAsked,
)
from schemas.calendar import local_day
from schemas.canonical import canonical
from schemas.catalog import Procedure
from schemas.deadlines import due
from schemas.events import Document, Signed, StreamId, timestamp, write
from schemas.numbers import compose
from tests.bench.ground import RECEIVER, People, procedures
from tests.bench.trust import APPRAISER, APPROVER
from tests.centres import PINS, SmallCentre

EVENT_BYTES: Final = 2048
A_DOSSIER: Final = 8
_FILE: Final = "file-" + "5" * 64
_BEFORE: Final = timedelta(hours=2)
