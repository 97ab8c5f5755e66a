"""A machine that was installed and has no card: the page that says so, and lets it in by a code or by a stick."""

from __future__ import annotations

import io
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from central.demo.visitor import Page, parse
from central.doctor.command import doctor_command
from central.enrolment import COUNTER, Enrolment, Wish
from central.web.enrolling import create_enrolling
from edge.enrolment import Machine
from edge.errors import CannotStart
from edge.first_run import FIELDS, REFUSED, create_first_run, wait_for_card
from edge.folder import Folder
from edge.ids import Ids
from edge.server import serving
from edge.settings import port_of, read_settings
from schemas.enrolment import check_of
from tests.centres import SmallCentre

HTML = {"Accept": "text/html,*/*"}


class Administrator:
    """Somebody before the new machine's browser."""

    def __init__(self, data: Path) -> None:
        self.data = data
        app = create_first_run(data, 8603, Ids())
        app.testing = True
        self.client: FlaskClient = app.test_client()

    def open(self, path: str = "/") -> TestResponse:
        return self.client.get(path, headers=HTML)

    def send(self, path: str, **filled: object) -> TestResponse:
        """Fill in the form that goes to `path` as the page has it now, and send it."""
        fields = page(self.open()).form(path).fields
        data = {**fields, **filled}
        return self.client.post(path, data=data, headers=HTML, content_type="multipart/form-data")

    @property
    def node(self) -> str:
        return read_settings(self.data).node


def page(answer: TestResponse) -> Page:
    return parse("/", answer.text)


@pytest.fixture(scope="module")
def centre(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCentre]:
    """Central alone, one for all of these: each lets in machines of its own."""
    data = tmp_path_factory.mktemp("first-run") / "centre"
    shutil.copytree(founded / "central", data / "central")
    small = SmallCentre(data, "central")
    yield small
    small.close()


@pytest.fixture
def administrator(tmp_path: Path) -> Administrator:
    return Administrator(tmp_path / "counter-03")


@pytest.fixture
def url(centre: SmallCentre) -> Iterator[str]:
    """Where central takes codes."""
    with serving(create_enrolling(centre["central"]), "127.0.0.1", 0) as (host, port):
        yield f"http://{host}:{port}"


def wish(number: int) -> Wish:
    return Wish(f"counter-0{number}", f"Quầy 0{number}", COUNTER)


def code(centre: SmallCentre, number: int) -> str:
    return Enrolment(centre["central"]).make_code(wish(number), by="quan.nv").text


def test_whatever_is_asked_for_says_what_to_do_and_programs_hear_it_in_their_words(
    administrator: Administrator,
) -> None:
    for path in ("/", "/kiosk", "/sign-in?next=/counter"):
        answer = administrator.open(path)
        assert answer.status_code == 200
        assert "<title>Máy này chưa có thẻ" in answer.text
        assert "counter-03" in answer.text
    assert administrator.client.get("/healthz").status_code == 200
    ready = administrator.client.get("/readyz")
    assert (ready.status_code, ready.json) == (503, {"status": "unready", "why": ["no-card"]})
    couch = administrator.client.get("/dossiers/_changes")
    assert (couch.status_code, couch.json and couch.json["error"]) == (503, "not_enrolled")


def test_a_code_that_is_read_aloud_lets_it_in(
    centre: SmallCentre, administrator: Administrator, url: str
) -> None:
    """In small letters, with o for 0, and with spaces between the groups: as people type what they hear."""
    heard = code(centre, 3).lower().replace("0", "o").replace("-", " ")
    answer = administrator.send("/enrol", code=heard, url=f"{url}/")
    assert answer.status_code == 200
    assert "Máy này là Quầy 03" in answer.text
    assert "counter-03.1" in answer.text
    assert 'content="3; url=http://127.0.0.1:8603/"' in answer.text
    assert administrator.node == "counter-03.1"
    assert read_settings(administrator.data).peers[0].url == url
    again = administrator.open("/kiosk")
    assert "Máy này đã có thẻ" in again.text
    assert "Máy này đã có thẻ" in administrator.client.post("/enrol", headers=HTML).text


def test_what_is_wrong_is_said_with_what_to_do_and_what_was_typed_stays(
    centre: SmallCentre, administrator: Administrator, url: str
) -> None:
    good = code(centre, 4)
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    for filled, words in (
        ({"code": "", "url": url}, "Chưa gõ mã."),
        ({"code": wrong, "url": url}, "Gõ chưa đúng: 20 chữ và số"),
        ({"code": good, "url": "http://10.0.0.2:8600"}, "Ghi địa chỉ bắt đầu bằng https://"),
        ({"code": good, "url": "Trung tâm"}, "Ghi như https://10.0.0.2:8600."),
        ({"code": good, "url": "http://127.0.0.1:9"}, "Trung tâm không trả lời"),
        ({"code": good, "url": url, "own": "10.0.0.13"}, "Địa chỉ của máy này chưa đúng dạng"),
    ):
        answer = administrator.send("/enrol", **filled)
        assert answer.status_code == 422
        assert words in answer.text
        assert f'value="{filled["url"]}"' in answer.text
        assert "<title>Lỗi:" in answer.text
    assert not (administrator.data / "node.toml").exists()

    centre.clock.forward(minutes=31)
    assert "Mã đã quá 30 phút." in administrator.send("/enrol", code=good, url=url).text
    assert set(FIELDS) <= set(REFUSED)


def test_a_stick_lets_it_in_and_a_power_cut_in_between_does_no_harm(
    centre: SmallCentre, administrator: Administrator, tmp_path: Path
) -> None:
    """The check stands on the page as long as its request waits; the file is the one with that check."""
    assert administrator.open("/request.file").status_code == 303
    assert "Tải tệp yêu cầu" not in administrator.open().text
    answer = administrator.send("/request", own="https://10.0.0.13:8600")
    assert answer.status_code == 303

    administrator = Administrator(administrator.data)  # the machine was off
    found = re.search(r'class="c">((?:[0-9A-Z]{5}-){3}[0-9A-Z]{5})<', administrator.open().text)
    assert found is not None
    request = administrator.client.get("/request.file").data
    assert check_of(request) == found[1]
    card, check = Enrolment(centre["central"]).answer_file(request, found[1], wish(5), by="quan.nv")

    other = Machine(tmp_path / "other", address="", port=8600, ids=Ids()).request()
    others, others_check = Enrolment(centre["central"]).answer_file(
        other, check_of(other), wish(6), by="quan.nv"
    )
    for content, typed, words in (
        (card, others_check, "Tệp này không khớp mã đối chiếu."),
        (others, others_check, "Thẻ này cấp cho máy khác"),
        (card, check[:-1], "Gõ chưa đúng"),
    ):
        answer = administrator.send("/card", file=(io.BytesIO(content), "counter-03.card"), check=typed)
        assert answer.status_code == 422
        assert words in answer.text
    answer = administrator.send("/card", file=(io.BytesIO(card), "counter-05.card"), check=check.lower())
    assert "Máy này là Quầy 05" in answer.text
    settings = read_settings(administrator.data)
    assert (settings.node, settings.host, settings.port) == ("counter-05.1", "0.0.0.0", 8600)
    assert 'url=http://127.0.0.1:8600/"' in answer.text


def test_no_other_site_and_no_old_page_does_anything(administrator: Administrator) -> None:
    assert administrator.client.get("/", headers={**HTML, "Host": "evil.example:8603"}).status_code == 421
    assert administrator.client.get("/", headers={**HTML, "Host": "localhost:8603"}).status_code == 200
    forged = administrator.client.post("/request", headers=HTML)
    assert forged.status_code == 400
    assert "Bấm lại lần nữa" in forged.text
    assert not (administrator.data / "request.json").exists()
    answer = administrator.open()
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_ends_when_the_folder_holds_a_node_whoever_brought_the_card(
    centre: SmallCentre, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command `motcua enrol`, given beside it, counts as well. Until then the doctor says what lacks."""
    data, began, looks = tmp_path / "counter-03", threading.Event(), threading.Event()
    waiting = threading.Thread(
        target=wait_for_card,
        args=(data, 0, Ids(), lambda _: began.set(), lambda: looks.wait(0.05)),
    )
    waiting.start()
    assert began.wait(30)
    assert doctor_command(data, as_json=True) == 1
    assert doctor_command(tmp_path, as_json=True) == 1
    assert capsys.readouterr().out.count('"fault":"no-card"') == 2
    Machine(data, address="", port=8600, ids=Ids()).ask(code(centre, 7), url)
    waiting.join(30)
    assert not waiting.is_alive()
    assert Folder(data).settings.exists()
    with pytest.raises(CannotStart, match="holds a node already"):
        wait_for_card(data, 0, Ids(), lambda _: None, lambda: True)
    assert port_of({"MOTCUA_PORT": "8601"}) == 8601
    with pytest.raises(CannotStart, match="MOTCUA_PORT"):
        port_of({"MOTCUA_PORT": "x"})
