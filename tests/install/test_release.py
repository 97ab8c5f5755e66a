"""`make release`: from the tag of its version and nothing else; what lies in it is whole, and named in its bill of materials."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion

from release.sbom import locked, written
from tests.install.builds import EPOCH, ROOT
from tests.scenarios.walk import blocks, commands

PAGE = "releasing.md"
ABOUT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PRESENT = re.findall(r'^version = "(.+)"$', ABOUT, re.MULTILINE)[0]
VERSION = "99.0.0"
"""One that is not released yet."""
AT = datetime.fromtimestamp(int(EPOCH), UTC)
ME = ("-c", "user.name=Nông Văn Quân", "-c", "user.email=quan.nv@example.vn")


def test_the_lock_files_packages_are_named_with_who_needs_them() -> None:
    text = (
        "alpha==1.0 \\\n    --hash=sha256:" + "a" * 64 + "\n    # via motcua (pyproject.toml)\n"
        "beta[x,y]==2.0 \\\n    --hash=sha256:"
        + "c" * 64
        + " \\\n    --hash=sha256:"
        + "b" * 64
        + "\n    # via\n"
        "    #   alpha\n    #   gamma\n"
    )
    alpha, beta = locked(text)
    assert (alpha.name, alpha.version) == ("alpha", "1.0")
    assert set(alpha.wanted_by) == {"motcua"}
    assert beta.sha256 == ("b" * 64, "c" * 64)
    assert set(beta.wanted_by) == {"alpha", "gamma"}


def test_the_bill_names_everything_that_goes_to_a_machine() -> None:
    """Valid by CycloneDX's own schema, and the same bytes twice."""
    from cyclonedx.validation.json import JsonStrictValidator  # a second, in each process that only collects

    said = written(ROOT, AT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(said) is None
    assert written(ROOT, AT) == said
    bill = json.loads(said)
    assert bill["metadata"]["component"]["version"] == PRESENT
    named = {one["name"]: one for one in bill["components"]}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", lock, re.MULTILINE))
    assert len(pinned) > 50
    assert {name: named[name]["version"] for name in pinned} == pinned
    assert {"htmx.org", "@fontsource/noto-sans", "LiberationSerif-Regular.ttf", "sRGB.icc"} <= named.keys()
    assert [one["name"] for one in bill["components"] if not one["licenses"] or not one["hashes"]] == []
    (own,) = (one for one in bill["dependencies"] if one["ref"] == "motcua")
    assert f"flask=={pinned['flask']}" in own["dependsOn"]
    assert f"multidict=={pinned['multidict']}" not in own["dependsOn"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The tree as it is but for its version, as a repository of one commit, with what npm brought."""
    tree = tmp_path / "motcua"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    shutil.copytree(ROOT / "edge/static/vendor", tree / "edge/static/vendor")
    about = ABOUT.replace(f'version = "{PRESENT}"', f'version = "{VERSION}"')
    (tree / "pyproject.toml").write_text(about, encoding="utf-8")
    _git(tree, "init", "--quiet")
    _commit(tree)
    return tree


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", *ME, *arguments], cwd=tree, check=True)


def _commit(tree: Path) -> None:
    _git(tree, "add", "--all")
    _git(tree, "commit", "--quiet", "--message", "Everything")


def _release(tree: Path) -> subprocess.CompletedProcess[str]:
    command = ["env", f"BIN={Path(sys.executable).parent}", "release/build"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def _says(tree: Path, heading: str) -> None:
    log = tree / "CHANGELOG.md"
    log.write_text(
        log.read_text(encoding="utf-8").replace("\n## ", f"\n{heading}\n\n## ", 1), encoding="utf-8"
    )
    _commit(tree)


def test_nothing_is_released_but_a_tag_with_its_heading(clone: Path) -> None:
    said = _release(clone)
    assert (said.returncode, "this commit is not v" in said.stderr) == (2, True)
    _git(clone, "tag", f"v{VERSION}")
    said = _release(clone)
    assert (said.returncode, "has no heading" in said.stderr) == (2, True)
    (clone / "README.md").write_text("changed", encoding="utf-8")
    said = _release(clone)
    assert (said.returncode, "in no commit" in said.stderr) == (2, True)
    assert not (clone / "dist").exists()


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_a_release_is_whole(clone: Path) -> None:
    """As the page says; every file is in the sums, every file of the page is there."""
    _says(clone, f"## {VERSION} (2026-12-01)")
    tag, make = commands(blocks(PAGE, "Tag and build")[0])
    assert make == "make release"
    _git(clone, *shlex.split(tag.replace("0.1.0", VERSION))[1:])
    done = _release(clone)
    assert done.returncode == 0, done.stderr
    out = clone / done.stdout.strip()
    assert out == clone / "dist" / f"v{VERSION}"

    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8").replace("0.1.0", VERSION)
    told = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    assert {one.name for one in out.iterdir()} == told
    listed = (line.split(maxsplit=1) for line in (out / "SHA256SUMS").read_text("utf-8").splitlines())
    sums = {name: value for value, name in listed}
    assert sums.keys() == told - {"SHA256SUMS"}
    for name, value in sums.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == value
    with tarfile.open(out / f"motcua-{VERSION}.tar.gz") as sources:
        assert f"motcua-{VERSION}/LICENSE" in sources.getnames()
    with tarfile.open(out / f"motcua-docs-{VERSION}.tar.gz") as site:
        assert f"motcua-docs-{VERSION}/index.html" in site.getnames()
