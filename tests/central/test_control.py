"""Orders at central's own machine: the running central carries them out, or else the command itself."""

from __future__ import annotations

import shutil
import socket
import threading
from pathlib import Path

import pytest

from central.control import NAME, Answered, AnswerFile, Code, MakeCode, Revoke, Revoked, give, taking_orders
from central.enrolment import COUNTER, Enrolment, Wish
from central.errors import NotGranted
from edge.enrolment import make_request
from edge.errors import CannotStart
from edge.keys import NodeKeys
from schemas.enrolment import check_of
from tests.centres import SmallCentre

WISH = Wish("counter-03", "Quầy 03", COUNTER)
ORDER = MakeCode(WISH, "quan.nv")


def test_a_running_central_does_it_and_knows_of_it(centre: SmallCentre) -> None:
    """The same process that serves the pages: what was ordered is there at once."""
    central = centre["central"]
    with taking_orders(central):
        made = give(central.folder.path, ORDER, Code)
        assert (made.node, made.number) == ("counter-03.1", 3)
        assert [code.place.node for code in Enrolment(central).codes()] == ["counter-03.1"]
        done = give(central.folder.path, Revoke("counter-01.1", "stolen", "quan.nv"), Revoked)
        assert (done.node, done.why) == ("counter-01.1", "stolen")
        assert not centre["central"].catalog.latest.card("counter-01.1").opens  # type: ignore[union-attr]


def test_a_central_that_is_off_is_opened_for_it(founded: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(founded / "central", tmp_path / "central"))
    request = make_request(NodeKeys.generate(), address="", server="")
    order = AnswerFile(request, check_of(request), WISH, "quan.nv")
    answered = give(folder, order, Answered)
    assert answered.check == check_of(answered.answer)
    assert give(folder, order, Answered).answer  # the folder is free again


def test_what_is_refused_is_refused_in_the_same_words(centre: SmallCentre) -> None:
    central = centre["central"]
    order = MakeCode(WISH, "hanh.nh")
    with taking_orders(central), pytest.raises(NotGranted, match=r"hanh\.nh is no administrator"):
        give(central.folder.path, order, Code)
    with taking_orders(central), pytest.raises(NotGranted, match="not typed as it stands"):
        give(central.folder.path, AnswerFile(b"", "typo", WISH, "quan.nv"), Answered)
    centre.close()
    with pytest.raises(NotGranted, match=r"hanh\.nh is no administrator"):
        give(central.folder.path, order, Code)


def test_only_central_takes_orders(centre: SmallCentre) -> None:
    folder = centre["counter-01"].folder.path
    centre.close()
    with pytest.raises(CannotStart, match="not central's folder"):
        give(folder, ORDER, Code)


def test_the_socket_is_for_its_user_and_gone_afterwards(centre: SmallCentre) -> None:
    """One that a killed process left is in nobody's way."""
    central = centre["central"]
    path = central.folder.path / NAME
    path.touch()
    with taking_orders(central):
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


def test_folders_may_lie_deeper_than_names_of_sockets_may_be_long(
    centre: SmallCentre, tmp_path: Path
) -> None:
    deep = tmp_path / ("x" * 120)
    shallow = centre.nodes.pop("central").folder
    centre.data = tmp_path
    shallow.path.rename(deep)
    central = centre.nodes["central"] = centre.open(deep.name)
    with taking_orders(central), socket.socket(socket.AF_UNIX) as line:
        with pytest.raises(OSError, match="too long"):
            line.connect(str(deep / NAME))
        with pytest.raises(NotGranted):
            give(deep, MakeCode(WISH, "hanh.nh"), Code)


def test_many_orders_at_once_are_done_one_after_the_other(centre: SmallCentre) -> None:
    central = centre["central"]
    made: list[Code] = []

    def order(place: int) -> None:
        wish = Wish(f"counter-{place}", f"Quầy {place}", COUNTER)
        made.append(give(central.folder.path, MakeCode(wish, "quan.nv"), Code))

    with taking_orders(central):
        threads = [threading.Thread(target=order, args=(place,)) for place in range(20, 28)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({code.number for code in made}) == len(threads)
