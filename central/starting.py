"""What a process of a node does and says when it has started."""

from __future__ import annotations

import gc
from typing import Final

from sync.tls import is_loopback

READY: Final = "ready"
"""With which the line begins that says who is there, and where."""
COLLECT_EVERY: Final = (50_000, 8, 20)
"""So many objects more than at the last look. The pages of acts that are on their way in at one time have fewer: what they are
made of goes by itself a moment later, and nobody walks through it before."""


def calm_collector() -> None:
    """A node makes and drops many small objects, and few circles of them: looking for circles so often is a tenth of
    the time that it takes to receive an event. What the start has made stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)


def url_of(host: str, port: int) -> str:
    """Where a browser on this machine finds the pages."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host)  # noqa: S104 - what is listened at, not where we bind
    if anywhere is not None or is_loopback(host):
        return f"http://{anywhere or host}:{port}/"
    return f"https://{host}:{port}/"
