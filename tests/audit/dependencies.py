"""Dependencies: locked by hash, under licences that the project can live with, without holes that are known."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
ALLOWED: Final = frozenset(
    {
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "0BSD",
        "Apache-2.0",
        "PSF-2.0",
        "ISC",
        "Zlib",
    }
    | {"CC0-1.0", "MPL-2.0", "LGPL-2.1-or-later", "LGPL-3.0-only"}
)
"""Free licences that ask nothing of the project's own code; those after the line break, of theirs only."""
_WORDS: Final = (
    (r"mozilla public license 2", "MPL-2.0"),
    (r"apache", "Apache-2.0"),
    (r"bsd", "BSD-3-Clause"),
    (r"\bisc\b", "ISC"),
    (r"\bmit\b", "MIT"),
    (r"python software foundation", "PSF-2.0"),
)
SAID_ELSEWHERE: Final = {
    "peewee": "MIT",  # its LICENSE file
    "sqlcipher3": "Zlib",  # its LICENSE file; SQLCipher itself BSD-3-Clause
}


@dataclass(frozen=True, slots=True)
class Installed:
    name: str
    version: str
    licences: frozenset[str]
    said: str


@dataclass(frozen=True, slots=True)
class Advisory:
    package: str
    affected: str
    id: str
    what: str


@dataclass(frozen=True, slots=True)
class Advisories:
    """What was known on the day `reviewed`."""

    reviewed: date
    listed: tuple[Advisory, ...]


@cache
def advisories() -> Advisories:
    said = tomllib.loads((Path(__file__).parent / "advisories.toml").read_text(encoding="utf-8"))
    return Advisories(said["reviewed"], tuple(Advisory(**one) for one in said["advisory"]))


def unlocked(root: Path) -> Iterator[str]:
    """Every Python package with its hashes, every npm package with its integrity; no address of a registry."""
    for lock in LOCKS:
        text = (root / lock).read_text(encoding="utf-8")
        for block in re.split(r"\n(?=\S)", text.replace("\\\n", " ")):
            entry = "\n".join(
                line for line in block.splitlines() if not line.lstrip().startswith("#")
            ).strip()
            if entry and ("==" not in entry or "--hash=sha256:" not in entry):
                yield f"{lock}: {entry.split()[0]} is not locked by version and hash"
        if "://" in re.sub(r"#.*", "", text):
            yield f"{lock}: it names an address"
    packages = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, one in packages.items():
        if name and not one.get("link") and "integrity" not in one:
            yield f"package-lock.json: {name} has no integrity"


def installed() -> list[Installed]:
    return [_installed(one) for one in distributions()]


def _installed(one: Distribution) -> Installed:
    meta = one.metadata
    name = canonicalize_name(meta["Name"])
    expression = str(meta.json.get("license_expression") or "")
    if expression:
        words = frozenset(re.findall(r"[A-Za-z0-9.-]+", re.sub(r"\b(AND|OR|WITH)\b|[()]", " ", expression)))
        return Installed(name, one.version, words, expression)
    classifiers = [text for text in meta.get_all("Classifier") or [] if text.startswith("License")]
    said = " / ".join(
        [
            *(text.rpartition(" :: ")[2] for text in classifiers),
            str(meta.json.get("license") or "").split("\n")[0],
        ]
    )
    if name in SAID_ELSEWHERE:
        return Installed(name, one.version, frozenset({SAID_ELSEWHERE[name]}), said)
    return Installed(name, one.version, _meant(said), said)


def _meant(said: str) -> frozenset[str]:
    if said.strip(" /") in ALLOWED:
        return frozenset({said.strip(" /")})
    return frozenset(licence for word, licence in _WORDS if re.search(word, said, re.IGNORECASE))


def unlicensed(packages: Iterable[Installed]) -> Iterator[str]:
    for one in packages:
        if not one.licences:
            yield f"{one.name} {one.version}: nobody knows its licence ({one.said!r})"
        elif not one.licences <= ALLOWED:
            yield f"{one.name} {one.version}: {', '.join(sorted(one.licences - ALLOWED))} is not a licence for us"


def known_holes(packages: Iterable[Installed], known: Advisories) -> Iterator[str]:
    for one in packages:
        for advisory in known.listed:
            if canonicalize_name(advisory.package) == one.name and Version(one.version) in SpecifierSet(
                advisory.affected, prereleases=True
            ):
                yield f"{one.name} {one.version}: {advisory.id}, {advisory.what}"
