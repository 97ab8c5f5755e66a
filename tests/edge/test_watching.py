"""What watches over a node asks it: whether it lives, whether it can work, and how it is; and hears of nobody."""

from __future__ import annotations

import base64
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from central.centre import Office
from edge.access import READER
from edge.disk import Space
from edge.pads import print_pad
from edge.roads import Roads
from edge.status import NodeStatus, status_of
from edge.watching import create_watching
from schemas.entries import NumberRange
from sync.sessions import User
from tests.centres import SmallCentre

LINE = re.compile(
    r'(motcua_[a-z_]+)(\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)'
)
READERS = {"prometheus": "một mật khẩu dài", "counter-02.1": "của máy"}


def _user(name: str, password: str) -> User | None:
    known = READERS.get(name) == password
    return User(name, (READER,) if name == "prometheus" else ("node",)) if known else None


def asking(centre: SmallCentre, name: str = "counter-01") -> FlaskClient:
    node = centre[name]
    roads = Roads(node)

    def status() -> NodeStatus:
        return status_of(node, roads, node.clock())

    return create_watching(node, status, _user).test_client()


def figures(text: str) -> dict[str, float]:
    """Each sample of a text as Prometheus reads it; what is no sample, help or type is wrong."""
    assert text.endswith("\n")
    found, named = {}, ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            named = line.split()[2]
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {named} gauge"
        else:
            match = LINE.fullmatch(line)
            assert match is not None, line
            assert match[1] == named
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_a_node_lives_and_can_work_or_says_why_not(centre: SmallCentre) -> None:
    """Whoever cannot work lives all the same; whoever closes does not."""
    client = asking(centre)
    assert client.get("/healthz").json == {"status": "ok"}
    said = client.get("/readyz")
    assert (said.status_code, said.json) == (200, {"status": "ready", "why": []})

    centre["counter-01"].disk.measure = lambda _: Space(1, 1000)
    centre.clock.forward(seconds=5)
    said = client.get("/readyz")
    assert (said.status_code, said.json) == (503, {"status": "unready", "why": ["disk"]})
    assert client.get("/healthz").status_code == 200

    centre["counter-01"].close()
    assert client.get("/healthz").status_code == 503


def test_the_figures_follow_what_happens(centre: SmallCentre) -> None:
    node, client = centre["counter-01"], asking(centre)
    granted = NumberRange("pad-1", node.id, "pad", 1, 10, since=centre.clock().date(), symbol="01")
    Office(centre["central"]).define([granted], by="quan.nv")
    centre.meet()
    before = figures(client.get("/metrics").text)
    assert before["motcua_events_unsent"] == 0
    assert before['motcua_numbers_left{what="pad",symbol="01"}'] == 10
    assert f'motcua_info{{node="counter-01.1",version="{version("motcua")}"}}' in before

    centre.receive(applicant="Hoàng Thị Mây")
    print_pad(node, 4, centre.clock())
    centre.clock.forward(minutes=7)
    after = figures(client.get("/metrics").text)
    assert after["motcua_events_unsent"] == 1
    assert after["motcua_events_unsent_oldest_seconds"] == pytest.approx(420, abs=1)
    assert after['motcua_numbers_left{what="pad",symbol="01"}'] == 6
    assert after['motcua_papers{state="queued"}'] == 6  # the slip, the register, a slip for each line
    assert after["motcua_papers_oldest_seconds"] == pytest.approx(420, abs=1)
    assert after['motcua_certificate_days_left{what="card"}'] > 0
    assert after["motcua_disk_free_bytes"] > 0
    assert set(before) <= set(after)
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text(encoding="utf-8")
    told = {name.partition("{")[0] for name in after}
    assert told <= set(re.findall(r"`(motcua_[a-z_]+)", page)), (
        "docs/watching.md does not tell of all figures"
    )


def test_nobody_is_in_the_figures(centre: SmallCentre) -> None:
    dossier = centre.receive(applicant="Hoàng Thị Mây")
    assert dossier.received is not None
    text = asking(centre).get("/metrics").text
    for said in ("Mây", "020085004127", "0912000345", dossier.received.number, dossier.stream, "hanh"):
        assert said not in text


def test_on_this_machine_anybody_may_ask_and_from_elsewhere_a_reader(centre: SmallCentre) -> None:
    """A page of another site that leads a browser here by a name of its own reads nothing."""
    client, far = asking(centre), {"REMOTE_ADDR": "10.0.0.9"}
    for name, password, status in (
        ("prometheus", "một mật khẩu dài", 200),
        ("prometheus", "một mật khẩu khác", 401),
        ("counter-02.1", "của máy", 401),
    ):
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"}
        assert client.get("/metrics", headers=headers, environ_overrides=far).status_code == status
    assert client.get("/metrics", environ_overrides=far).status_code == 401
    assert client.get("/healthz", environ_overrides=far).status_code == 200
    assert client.get("/metrics", headers={"Host": "evil.example:8600"}).status_code == 401
    assert client.get("/metrics", headers={"Host": "127.0.0.1:8600"}).status_code == 200
