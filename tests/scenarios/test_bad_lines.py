"""A centre of real processes on lines as they are on bad days: nobody stops working, and in the end all know all."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from edge.clock import system_clock
from schemas.acts import Attachment, ComponentsAdded
from tests.centres import SmallCentre
from tests.network import FINE, Network, Weather, network
from tests.proving import Times
from tests.scenarios.places import EDGES, NAMES, Centre, working

CLOSED = Weather(is_open=False)
MBIT = Weather(delay_s=0.01, bytes_s=1_000_000 / 8)


@pytest.fixture(scope="module")
def data(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("bad-lines") / "centre"
    shutil.copytree(founded, data)
    return data


@pytest.fixture(scope="module")
def scan(data: Path, times: Times) -> frozenset[str]:
    """The documents of a large scan: its list, and its chunks."""
    return _scan(data, scan_bytes(times))


@pytest.fixture(scope="module")
def centre(data: Path, scan: frozenset[str]) -> Iterator[Centre]:
    """One for all days of this file; each leaves its lines mended and everybody with the same acts."""
    with network(NAMES) as lines, working(data, lines) as one:
        lines.around("counter-01", MBIT)
        one.start()
        yield one


def scan_bytes(times: Times) -> int:
    return times(8, 100) * 1_000_000


def _scan(data: Path, size: int) -> frozenset[str]:
    """At counter-01, before the day begins: a dossier with a large scan, of which nobody else has anything."""
    small = SmallCentre(data, "counter-01", at=system_clock())
    try:
        dossier = small.receive("counter-01")
        file = small["counter-01"].archive.keep(Random(1).randbytes(size))
        named = ComponentsAdded(files=(Attachment(file, "bản vẽ.pdf"),))
        small["counter-01"].ledger.act(dossier.stream, "dossier.components_added", named, by="hanh.nh")
        return frozenset([file, *small["counter-01"].stores["files"].get(file)["chunks"]])
    finally:
        small.close()


@pytest.fixture(autouse=True)
def _mended(centre: Centre) -> Iterator[None]:
    yield
    centre.network.mend()
    centre.wait(centre.all_have)


@pytest.mark.proof
@pytest.mark.timeout(3600)  # 100 MB with --prove=full
def test_a_large_scan_on_a_slow_line_holds_up_no_act(
    centre: Centre, scan: frozenset[str], times: Times
) -> None:
    """At 1 Mbit/s a scan takes minutes, and each act is over there a moment after it was saved. Then it is whole."""
    patience_s = 300 + scan_bytes(times) / 80_000
    lines, many = centre.network, times(5, 40)
    lines.around("room-01", MBIT)
    centre.wait(lambda: len(scan & centre.files("central")) > 2)
    _holds_up_nothing(centre, "counter-01", "central", many)
    assert not scan <= centre.files("central"), "the scan was through too early to say anything"

    lines.around("counter-01", FINE)
    lines.around("room-01", MBIT)
    centre.wait(lambda: scan <= centre.files("central"), timeout_s=patience_s)
    centre.wait(lambda: len(scan & centre.files("room-01")) > 2)
    _holds_up_nothing(centre, "counter-02", "room-01", many)
    (missing,) = centre.status("room-01").files_elsewhere
    assert missing.size == scan_bytes(times)
    assert 0 < missing.here < missing.size
    assert not scan <= centre.files("room-01"), "the scan was through too early to say anything"

    lines.mend()
    centre.wait(lambda: not centre.status("room-01").files_elsewhere, timeout_s=patience_s)
    assert scan <= centre.files("room-01"), "it appraises the dossier"
    assert scan.isdisjoint(centre.files("counter-02")), "nobody works on it there"


def _holds_up_nothing(centre: Centre, source: str, target: str, many: int) -> None:
    """What the room gets comes from central, and what central gets from the counter."""
    wire = centre.network.wires["central" if target == "room-01" else source, target]
    wire.longest_queue_s = 0.0
    lags = []
    for _ in range(many):
        stream = centre.receive(source)
        saved = time.monotonic()
        centre.wait(lambda: centre.has(target, stream))  # noqa: B023
        lags.append(time.monotonic() - saved)
    lags.sort()
    print(f"{source} to {target}, beside a scan:", *(f"{lag:.2f}" for lag in lags))  # noqa: T201
    print(f"longest queue {wire.longest_queue_s:.3f} s")  # noqa: T201
    assert wire.longest_queue_s < 0.6, "the scan had the line to itself"
    assert lags[len(lags) // 2] < 1


@pytest.mark.parametrize(
    "weather",
    [Weather(delay_s=0.3), Weather(loss=0.1), Weather(delay_s=0.05, bytes_s=256_000 / 8)],
    ids=["0.3 s late each way", "every tenth packet is lost", "256 kbit/s"],
)
def test_a_bad_line_carries_everything_all_the_same(centre: Centre, times: Times, weather: Weather) -> None:
    """While the weather lasts."""
    centre.network.around("counter-01", weather)
    day = [centre.receive(at) for _ in range(times(3, 40)) for at in ("counter-01", "counter-02")]
    centre.wait(lambda: centre.all_have(*day))
    centre.appraise(day[0])
    centre.wait(lambda: centre.all_have(*day))


def test_a_line_that_is_up_one_second_and_down_the_next(centre: Centre, times: Times) -> None:
    with flapping(centre.network, "counter-01"):
        day = [centre.receive(at) for _ in range(times(2, 20)) for at in ("counter-01", "counter-02")]
        centre.wait(lambda: centre.all_have(*day))


@pytest.mark.parametrize("deaf", [True, False], ids=["nothing comes in", "nothing goes out"])
def test_a_line_that_is_cut_in_one_direction(centre: Centre, deaf: bool) -> None:
    """It looks up, and nothing has an answer. The counter works on, and says that it has lost everybody."""
    if deaf:
        centre.network.weather(CLOSED, target="counter-01")
    else:
        centre.network.weather(CLOSED, source="counter-01")
    mine, other = centre.receive("counter-01"), centre.receive("counter-02")
    centre.wait(lambda: all(peer.lost_since is not None for peer in centre.status("counter-01").peers))
    centre.wait(lambda: centre.all_have(other, names=("central", "counter-02", "room-01")))
    assert not centre.has("counter-01", other)
    assert centre.status("counter-01").waiting >= 1
    centre.network.mend()
    centre.wait(lambda: centre.all_have(mine, other))
    centre.wait(lambda: centre.status("counter-01").waiting == 0)


@pytest.mark.proof
def test_central_is_lost_for_a_day_and_comes_back(centre: Centre, times: Times) -> None:
    """The building goes on by itself: what a counter receives is in the room within seconds."""
    centre.network.around("central", CLOSED)
    day = [centre.receive(at) for _ in range(times(3, 60)) for at in ("counter-01", "counter-02")]
    centre.wait(lambda: centre.all_have(*day, names=EDGES))
    for stream in day[:2]:
        centre.appraise(stream)
    centre.wait(lambda: centre.all_have(*day, names=EDGES))
    assert not any(centre.has("central", stream) for stream in day)
    assert centre.status("counter-01").waiting == len(day) // 2

    centre.network.mend()
    centre.wait(lambda: centre.all_have(*day))
    centre.wait(lambda: all(centre.status(name).waiting == 0 for name in EDGES))
    centre.wait(lambda: _resting(centre, "counter-01") == {"counter-02.1", "room-01.1"})


def _resting(centre: Centre, name: str) -> set[str]:
    """The neighbours whose roads rest because central is there."""
    return {
        peer.node for peer in centre.status(name).peers if all(lane.state == "resting" for lane in peer.lanes)
    }


def test_the_building_is_split_in_two(centre: Centre) -> None:
    """One half has central, the other each other; nobody waits for anybody."""
    halves = ("central", "counter-01"), ("counter-02", "room-01")
    centre.network.split(*halves)
    here, there = centre.receive("counter-01"), centre.receive("counter-02")
    centre.wait(lambda: centre.all_have(here, names=halves[0]))
    centre.wait(lambda: centre.all_have(there, names=halves[1]))
    centre.appraise(there)
    centre.wait(lambda: centre.all_have(there, names=halves[1]))
    assert not centre.has("central", there)
    assert not centre.has("room-01", here)
    centre.network.mend()
    centre.wait(lambda: centre.all_have(here, there))


@contextmanager
def flapping(lines: Network, name: str) -> Iterator[None]:
    over = threading.Event()

    def flap() -> None:
        is_open = True
        while not over.wait(1.0):
            is_open = not is_open
            lines.around(name, FINE if is_open else CLOSED)

    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        lines.mend()
