"""A process that is asked to end ends, however often and whenever it is asked."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

_ROUNDS: Final = """
import os, signal, sys, threading
from central.stopping import stop_signal

def ask():
    for _ in range(200):
        os.kill(os.getpid(), signal.SIGTERM)

sys.setswitchinterval(1e-6)
for _ in range(200):
    stopping = stop_signal()
    asking = threading.Thread(target=ask)
    asking.start()
    while not stopping.wait(0.0001):
        pass
    asking.join()
print("ended")
"""


def test_signals_that_come_one_upon_the_other_end_a_process() -> None:
    """Ctrl-C twice, or make and the terminal at once: the second comes while the first is still being heard."""
    done = subprocess.run([sys.executable, "-c", _ROUNDS], capture_output=True, text=True, timeout=60)
    assert done.stdout == "ended\n", done.stderr
