"""A type that several threads decode into first, all at once, as happens when a node has just started and all ask it."""

from __future__ import annotations

import subprocess
import sys

FAMILIES = 50

MEET = f"""
import sys, threading
import msgspec
from sync.web_server import Server

sys.setswitchinterval(1e-6)

def family(number):
    inner = [
        msgspec.defstruct(f"Inner{{number}}_{{child}}", [(f"field{{field}}", "int | None", None) for field in range(6)])
        for child in range(8)
    ]
    return msgspec.defstruct(f"Outer{{number}}", [(f"child{{child}}", kind) for child, kind in enumerate(inner)])

families = [family(number) for number in range({FAMILIES})]
server = Server(("127.0.0.1", 0), lambda environ, start: [], threads=1)
server.prepare()
text = msgspec.json.encode({{f"child{{child}}": {{"field0": 1}} for child in range(8)}})
for kind in families:
    barrier = threading.Barrier(4)

    def decode():
        barrier.wait()
        msgspec.json.decode(text, type=kind)

    threads = [threading.Thread(target=decode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
server.stop()
print("all well")
"""

LATE = """
import ast, importlib, inspect, sys
import msgspec
import central.serve, central.serve_front

def below(kind):
    return {kind}.union(*map(below, kind.__subclasses__()))

OURS = ("central", "edge", "printing", "schemas", "sync")
known = below(msgspec.Struct)
late = set()
for name, module in list(sys.modules.items()):
    if name.split(".")[0] in OURS and name not in ("central.cli", "central.cli_machines"):
        tree = ast.parse(inspect.getsource(module))
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                late |= {
                    part.module for part in ast.walk(function)
                    if isinstance(part, ast.ImportFrom) and part.module.split(".")[0] in OURS
                }
assert late, "none found: this test looks at nothing"
for name in late:
    importlib.import_module(name)
print(sorted(kind.__qualname__ for kind in below(msgspec.Struct) - known))
"""


def _done(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )


def test_a_server_knows_its_types_before_it_has_threads() -> None:
    """Or the process ends: SIGSEGV within msgspec, as it does here without `know_structs`."""
    done = _done(MEET)
    assert done.stdout == "all well\n", (done.returncode, done.stderr)


def test_modules_that_are_imported_late_bring_no_types() -> None:
    """What is imported within a function, in a thread perhaps, defines no Struct: it would come after the look at all of them."""
    done = _done(LATE)
    assert done.stdout == "[]\n", done.stderr
