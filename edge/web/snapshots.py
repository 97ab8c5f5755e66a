"""A page shows its lists as of one moment, where they are asked of PostgreSQL: it asks once who answers them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from flask import Flask, g

Snapshot = Callable[[], contextlib.AbstractContextManager[None]]


def install(app: Flask, snapshot: Snapshot) -> None:
    """Each request is within a snapshot of its own, which ends with its answer."""

    def begin() -> None:
        g.snapshot = contextlib.ExitStack()
        g.snapshot.enter_context(snapshot())

    def end(problem: BaseException | None) -> None:
        begun = g.pop("snapshot", None)  # none where it was turned away before
        if begun is not None:
            begun.close()

    app.before_request(begin)
    app.teardown_request(end)
