"""pdfsig, which knows nothing of us, with an authority that it is told to trust."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What pdfsig says of one signature, in the order of the fields."""

    field: str
    valid: bool
    trusted: bool
    total: bool
    kind: str


class Pdfsig:
    """`folder` holds its database of authorities."""

    def __init__(self, folder: Path, *authorities: bytes) -> None:
        self._folder = folder
        folder.mkdir()
        subprocess.run(["certutil", "-N", "-d", f"sql:{folder}", "--empty-password"], check=True)
        for place, der in enumerate(authorities):
            file = folder / f"{place}.der"
            file.write_bytes(der)
            add = [
                "certutil",
                "-A",
                "-d",
                f"sql:{folder}",
                "-n",
                f"ca{place}",
                "-t",
                "CT,C,C",
                "-i",
                str(file),
            ]
            subprocess.run(add, check=True)

    def __call__(self, pdf: bytes) -> list[Said]:
        file = self._folder / "result.pdf"
        file.write_bytes(pdf)
        done = subprocess.run(
            ["pdfsig", "-nssdir", f"sql:{self._folder}", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        parts = re.split(r"^Signature #\d+:\n", done.stdout, flags=re.MULTILINE)[1:]
        return [
            Said(
                re.search(r"Field Name: (\S+)", part)[1],  # type: ignore[index]  # it always says so
                "Signature is Valid" in part,
                "Certificate is Trusted" in part,
                "- Total document signed" in part,
                (re.search(r"Signature Type: (\S+)", part) or ["", ""])[1],
            )
            for part in parts
        ]
