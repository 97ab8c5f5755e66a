"""The bill of materials of a release (CycloneDX 1.6, JSON), from the lock files: `python -m release.sbom > FILE`.

Named are the Python packages that the wheel needs, by the hashes of requirements.lock (any one of them may be what is
installed), what pages serve of npm's packages, and the type and colour profile in the tree. Licences are as the packages
say, read as `make lint` reads them. The same tree gives the same bytes: the hour is `SOURCE_DATE_EPOCH`, the serial number
is made of what is named.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import metadata
from pathlib import Path
from typing import Final, NamedTuple

import click
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.audit.dependencies import Installed, installed

ROOT: Final = Path(__file__).parents[1]
_IN_THE_TREE: Final = {"printing/fonts": "OFL-1.1", "printing/colour": "LicenseRef-no-copyright"}
"""Folders of files by others, and under what licence they are."""
_FILES_BY_OTHERS: Final = (".ttf", ".icc")
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:motcua:sbom")


class Locked(NamedTuple):
    """A package of requirements.lock; `wanted_by` is who needs it, "motcua" for the project itself."""

    name: str
    version: str
    sha256: tuple[str, ...]
    wanted_by: frozenset[str]


def locked(text: str) -> Iterator[Locked]:
    """The packages of a lock file as pip-compile writes it."""
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        match = re.match(r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s\\]+)", block)
        if match is None:
            continue
        via = re.findall(r"^ +# +(?:via +)?([\w.-]+)(?: \(.*\))?$", block, re.MULTILINE)
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
        wanted = frozenset("motcua" if name.startswith("motcua") else name for name in via if name != "via")
        yield Locked(match["name"], match["version"], tuple(sorted(hashes)), wanted)


def bill(root: Path, at: datetime) -> Bom:
    about = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = Component(
        name=about["name"],
        version=about["version"],
        type=ComponentType.APPLICATION,
        description=about["description"],
        licenses=[LicenseExpression(about["license"])],
        purl=PackageURL("pypi", name=about["name"], version=about["version"]),
        bom_ref=about["name"],
    )
    licences = {one.name: _licence(one) for one in installed()}
    packages = list(locked((root / "requirements.lock").read_text(encoding="utf-8")))
    python = {one.name: _python(one, licences) for one in packages}
    others = [*_served(root), *_in_the_tree(root)]
    bom = Bom(components=[*python.values(), *others])
    bom.metadata.component, bom.metadata.timestamp = own, at
    bom.register_dependency(
        own, [*(python[one.name] for one in packages if "motcua" in one.wanted_by), *others]
    )
    for needed in packages:
        bom.register_dependency(
            python[needed.name], [python[one.name] for one in packages if needed.name in one.wanted_by]
        )
    named = sorted(str(one.purl or one.bom_ref) for one in (own, *bom.components))
    bom.serial_number = uuid.uuid5(_NAMESPACE, "\n".join(named))
    return bom


def _licence(one: Installed) -> str:
    """The package's own expression; where it only names licences, any of them."""
    said = metadata(one.name).json.get("license_expression")
    return str(said) if said else " OR ".join(sorted(one.licences))


def _python(one: Locked, licences: Mapping[str, str]) -> Component:
    return Component(
        name=one.name,
        version=one.version,
        licenses=[LicenseExpression(licences[one.name])],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256) for sha256 in one.sha256],
        purl=PackageURL("pypi", name=one.name, version=one.version),
        bom_ref=f"{one.name}=={one.version}",
    )


def _served(root: Path) -> Iterator[Component]:
    """What pages serve: the packages of npm that edge/static/vendor.txt names files of."""
    packages = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    files = (root / "edge/static/vendor.txt").read_text(encoding="utf-8").splitlines()
    for path, one in packages.items():
        name = path.removeprefix("node_modules/")
        if path and any(file.startswith(f"{name}/") for file in files):
            scope, _, bare = name.rpartition("/")
            algorithm, _, value = one["integrity"].partition("-")
            yield Component(
                name=name,
                version=one["version"],
                licenses=[LicenseExpression(one["license"])],
                hashes=[
                    HashType(
                        alg=HashAlgorithm[algorithm.replace("sha", "SHA_").upper()],
                        content=base64.b64decode(value).hex(),
                    )
                ],
                purl=PackageURL("npm", namespace=scope or None, name=bare, version=one["version"]),
                bom_ref=f"{name}@{one['version']}",
            )


def _in_the_tree(root: Path) -> Iterator[Component]:
    """Files by others that lie in the tree, each for itself."""
    for folder, licence in _IN_THE_TREE.items():
        for file in sorted((root / folder).iterdir()):
            if file.suffix in _FILES_BY_OTHERS:
                yield Component(
                    name=file.name,
                    type=ComponentType.FILE,
                    licenses=[LicenseExpression(licence)],
                    hashes=[
                        HashType(
                            alg=HashAlgorithm.SHA_256, content=hashlib.sha256(file.read_bytes()).hexdigest()
                        )
                    ],
                    bom_ref=f"{folder}/{file.name}",
                )


def written(root: Path, at: datetime) -> str:
    return JsonV1Dot6(bill(root, at)).output_as_string(indent=1) + "\n"


@click.command()
@click.option("--at", type=int, required=True, help="The hour, in seconds since 1970: SOURCE_DATE_EPOCH.")
def main(at: int) -> None:
    """Print the bill of materials of this tree."""
    sys.stdout.write(written(ROOT, datetime.fromtimestamp(at, UTC)))


if __name__ == "__main__":
    main()
