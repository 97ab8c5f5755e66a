"""What a node says to whoever looks after it, line by line: for people, or as JSON for programs. No personal data.

What we write into the log names machines, documents and states. What Python writes into it with an exception may be
anything, a citizen's name too: so of an exception only its kind is told, and where it was raised.
"""

from __future__ import annotations

import faulthandler
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import msgspec

Format = Literal["text", "json"]
_Told = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_STDERR: Final = 2
_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Discreet(logging.Formatter):
    """A line for people; exceptions without what they say."""

    def formatException(self, ei: _Told) -> str:  # noqa: N802 - logging's name
        """`_raised`, a line each, and never what the exception itself says."""
        return "\n".join(_raised(ei[1]))


class Lines(Discreet):
    """One JSON object a line: `at` (UTC), `level`, `logger`, `said`; `template` is the same for all lines of a kind."""

    def format(self, record: logging.LogRecord) -> str:
        """Without a line feed. `raised` (as `_raised` has it) is there only with an exception."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": record.getMessage(),
            "template": str(record.msg),
        }
        if record.exc_info:
            line["raised"] = _raised(record.exc_info[1])
        return msgspec.json.encode(line).decode()


class _Ours(logging.StreamHandler[TextIO]):
    """The one that `begin` made."""


def begin(said: Format, stream: TextIO | None = None) -> None:
    """Log to standard error in this format, and in no earlier one any more; not beside whoever listens already."""
    root = logging.getLogger()
    for before in [one for one in root.handlers if isinstance(one, _Ours)]:
        root.removeHandler(before)
    handler = _Ours(stream)
    handler.setFormatter(Lines() if said == "json" else Discreet(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("pyhanko").setLevel(logging.WARNING)


def tell_of_crashes() -> None:
    """From now on what ends the process below Python, a fault in a library, writes to standard error where each thread was: files
    and functions, no data. It is text in either format: nothing can be put together any more."""
    faulthandler.enable(_STDERR)


def _raised(why: BaseException | None) -> list[str]:
    """The kinds of an exception and its causes, the first cause first, each with where it was raised."""
    lines: list[str] = []
    while why is not None:
        frames = [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(why.__traceback__)
        ]
        lines = [*frames, f"{type(why).__module__}.{type(why).__qualname__}", *lines]
        why = why.__cause__ or (None if why.__suppress_context__ else why.__context__)
    return lines
