"""`motcua demo` of a centre whose central has its documents and projections beyond its machine (`tests.large`).

The first argument is a folder whose settings say where; all others are the command's. The centre is founded as ever, and
then central's settings say so too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.cli import main
from central.demo import run, setup
from central.demo.centre import BEYOND
from edge.settings import read_settings, write_settings


def run_with(wanted: Path) -> None:
    given = read_settings(wanted)
    told = {name: getattr(given, name) for name in BEYOND}

    def founded(data: Path, *arguments: Any, **more: Any) -> bool:
        fresh = setup.prepare(data, *arguments, **more)
        central = data / "central"
        write_settings(central, msgspec.structs.replace(read_settings(central), **told))
        return fresh

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "prepare", founded)
        main()


if __name__ == "__main__":
    run_with(Path(sys.argv.pop(1)))
