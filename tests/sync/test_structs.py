"""A type that several threads decode into first, all at once, as happens when a node has just started and all ask it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAMILIES = 50

MEET = f"""
import sys, threading
import msgspec

sys.setswitchinterval(1e-6)

def family(number):
    inner = [
        msgspec.defstruct(f"Inner{{number}}_{{child}}", [(f"field{{field}}", "int | None", None) for field in range(6)])
        for child in range(8)
    ]
    return msgspec.defstruct(f"Outer{{number}}", [(f"child{{child}}", kind) for child, kind in enumerate(inner)])

families = [family(number) for number in range({FAMILIES})]
exec(sys.argv[1])
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
opened.close()
print("all well")
"""
SERVER = """
from contextlib import ExitStack
from sync.web_server import Server

server, opened = Server(("127.0.0.1", 0), lambda environ, start: [], threads=1), ExitStack()
server.prepare()
opened.callback(server.stop)
"""
NODE = """
from pathlib import Path
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings

folder = Folder(Path(sys.argv[2]))
opened = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
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


def _done(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("opens", [SERVER, NODE], ids=["server", "node"])
def test_what_opens_knows_its_types_before_it_has_threads(opens: str, founded: Path, tmp_path: Path) -> None:
    """Or the process ends: SIGSEGV within msgspec, as it does here without `know_structs`."""
    counter = shutil.copytree(founded / "counter-01", tmp_path / "counter-01")
    done = _done(MEET, opens, str(counter))
    assert done.stdout == "all well\n", (done.returncode, done.stderr)


def test_modules_that_are_imported_late_bring_no_types() -> None:
    """What is imported within a function, in a thread perhaps, defines no Struct: it would come after the look at all of them."""
    done = _done(LATE)
    assert done.stdout == "[]\n", done.stderr
