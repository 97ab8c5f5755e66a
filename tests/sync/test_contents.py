"""Contents: laid down before their document, held by revisions, gone with the last one."""

from __future__ import annotations

import base64
import contextlib
import gzip
import socket
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from json import loads
from pathlib import Path
from random import Random

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sync.contents import MAX_ATTACHMENT_BYTES, STRIDE_BYTES, unpacked
from sync.documents import Content, Json, parse_document
from sync.errors import BadRequest, Broken, Conflict, Refused, TooLarge, Unavailable
from sync.gunzip import Gunzip
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.proving import Times
from tests.sync.servers import Ids
from tests.sync.test_bare_server import bare_server
from tests.waiting import until

MIB = 1024 * 1024


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    file = SqliteFile(tmp_path / "node.db")
    yield file
    file.close()


@pytest.fixture
def store(file: SqliteFile) -> Store:
    return Store(file, "dossiers", new_id=Ids(1))


def noise(length: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(length)


def cut(data: bytes, size: int = 50_000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def counts(file: SqliteFile, prefix: str = "dossiers") -> tuple[int, int]:
    """Contents and pieces that are in the tables."""
    with file.read() as connection:
        (contents,) = connection.execute(f"SELECT count(*) FROM {prefix}_content").fetchone()
        (pieces,) = connection.execute(f"SELECT count(*) FROM {prefix}_piece").fetchone()
    return contents, pieces


def put(store: Store, doc_id: str, content: Content, **more: object) -> None:
    """A document whose attachment `x` followed it."""
    document: Json = {"_id": doc_id, "_attachments": {"x": {"follows": True}}, **more}
    incoming = parse_document(document, following={"x": content})
    (outcome,) = store.write([incoming], new_edits="_rev" not in document)
    outcome.saved()


def read(store: Store, doc_id: str) -> bytes:
    (one,) = store.revision(doc_id).attachments
    return b"".join(store.attachment(one))


@pytest.mark.parametrize("length", [0, 1, STRIDE_BYTES - 1, STRIDE_BYTES, 3 * STRIDE_BYTES + 5])
def test_a_stream_is_what_its_document_holds(file: SqliteFile, store: Store, length: int) -> None:
    with store.staging() as staging:
        content = staging.lay(cut(noise(length)), name="x")
        put(store, "a", content)
    assert read(store, "a") == noise(length)
    assert counts(file)[0] == 1


def test_inline_and_streamed_are_kept_once(file: SqliteFile, store: Store) -> None:
    data = noise(2 * STRIDE_BYTES)
    inline = {"data": base64.b64encode(data).decode()}
    store.put({"_id": "a", "_attachments": {"y": inline}})
    before = counts(file)
    with store.staging() as staging:
        put(store, "b", staging.lay(cut(data), name="x"))
    assert counts(file) == before
    assert read(store, "a") == read(store, "b") == data


def test_what_no_document_names_goes(file: SqliteFile, store: Store) -> None:
    with store.staging() as staging:
        staging.lay(cut(noise(3 * STRIDE_BYTES)), name="x")
        assert counts(file) == (1, 12)
    assert counts(file) == (0, 0)


def test_what_a_refused_document_names_goes(file: SqliteFile, store: Store) -> None:
    store.put({"_id": "a"})
    with store.staging() as staging, pytest.raises(Refused):
        put(store, "a", staging.lay(cut(noise(10)), name="x"))
    assert counts(file) == (0, 0)


def test_a_stream_that_breaks_leaves_nothing(file: SqliteFile, store: Store) -> None:
    def broken() -> Iterator[bytes]:
        yield noise(2 * STRIDE_BYTES)
        raise BadRequest("the body did not arrive")

    with pytest.raises(BadRequest), store.staging() as staging:
        staging.lay(broken(), name="x")
    assert counts(file) == (0, 0)


def test_nobody_takes_away_what_a_request_still_needs(file: SqliteFile, store: Store) -> None:
    data = noise(STRIDE_BYTES)
    with store.staging() as first:
        content = first.lay(cut(data), name="x")
        store.compact()  # which sweeps
        with store.staging() as second:
            assert second.lay(cut(data), name="x") == content
        put(store, "a", content)
    assert read(store, "a") == data


def test_the_last_holder_may_go_while_another_one_comes(file: SqliteFile, store: Store) -> None:
    data = noise(STRIDE_BYTES)
    with store.staging() as staging:
        put(store, "a", staging.lay(cut(data), name="x"))
    with store.staging() as staging:
        content = staging.lay(cut(data), name="x")
        store.purge({"a": [str(store.summary("a").winner)]})
        put(store, "b", content)
    assert read(store, "b") == data
    store.purge({"b": [str(store.summary("b").winner)]})
    assert counts(file) == (0, 0)


def test_a_document_whose_bytes_are_gone_is_not_written(file: SqliteFile, store: Store) -> None:
    with store.staging() as staging:
        content = staging.lay(cut(noise(10)), name="x")
        Store(file, "dossiers", new_id=Ids(2))  # as another process that opens the file, and sweeps
        with pytest.raises(Unavailable):
            put(store, "a", content)
    assert store.info().doc_count == 0


def test_an_upload_that_is_swept_never_goes_on_with_another_ones_bytes(
    file: SqliteFile, store: Store
) -> None:
    other = store.staging()

    def chunks() -> Iterator[bytes]:
        yield noise(STRIDE_BYTES)
        Store(file, "dossiers", new_id=Ids(2))
        put(store, "b", other.lay(cut(noise(10, seed=2)), name="x"))
        yield noise(10, seed=3)

    with store.staging() as staging, other, pytest.raises(Unavailable):
        staging.lay(chunks(), name="x")
    assert read(store, "b") == noise(10, seed=2)


def test_every_revision_that_names_a_content_holds_it(file: SqliteFile, store: Store) -> None:
    with store.staging() as staging:
        content = staging.lay(cut(noise(10)), name="x")
        put(store, "a", content)
        put(store, "b", content, _rev="1-a")
    stub = {"x": {"stub": True}}
    store.put({"_id": "a", "_rev": str(store.summary("a").winner), "_attachments": stub})
    with file.read() as connection:
        assert connection.execute("SELECT held FROM dossiers_content").fetchall() == [(3,)]
    store.compact()
    store.purge({"a": [str(store.summary("a").winner)]})
    assert read(store, "b") == noise(10)
    store.purge({"b": ["1-a"]})
    assert counts(file) == (0, 0)


def test_many_uploads_at_once_with_refusals_and_compaction(
    file: SqliteFile, store: Store, times: Times
) -> None:
    data = {seed: noise(STRIDE_BYTES + seed, seed) for seed in range(5)}
    store.put({"_id": "taken"})

    def upload(worker: int) -> dict[str, int]:
        """What this worker wrote: document and seed."""
        random, written = Random(worker), {}
        for turn in range(times(8, 200)):
            seed, doc_id = random.choice(list(data)), random.choice(["taken", f"{worker}-{turn}"])
            with store.staging() as staging:
                content = staging.lay(cut(data[seed]), name="x")
                with contextlib.suppress(Conflict):
                    put(store, doc_id, content)
                    written[doc_id] = seed
            if random.random() < 0.3 and written:
                gone, _ = written.popitem()
                store.purge({gone: [str(store.summary(gone).winner)]})
            if random.random() < 0.2:
                store.compact()
        return written

    with ThreadPoolExecutor(6) as workers:
        written = dict(chain.from_iterable(one.items() for one in workers.map(upload, range(6))))
    assert written
    for doc_id, seed in written.items():
        assert read(store, doc_id) == data[seed]
    kept = {seed: list(written.values()).count(seed) for seed in set(written.values())}
    with file.read() as connection:
        rows = connection.execute("SELECT length, held FROM dossiers_content").fetchall()
    assert {length - STRIDE_BYTES: held for length, held in rows} == kept


# ---- gzip


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 50))
def test_gunzip_in_any_chunks(members: list[bytes], size: int) -> None:
    packed = b"".join(gzip.compress(one, mtime=0) for one in members)
    assert b"".join(unpacked(cut(packed, size))) == b"".join(members)


def test_a_gzip_is_stored_as_it_came(store: Store) -> None:
    text = b"tenths " * 100_000
    packed = gzip.compress(text, mtime=0)
    with store.staging() as staging:
        content = staging.lay(cut(packed), name="x", gzipped=True)
        assert (content.length, content.unpacked) == (len(packed), len(text))
        put(store, "a", content)
    (one,) = store.revision("a").attachments
    assert b"".join(store.stored_bytes(one)) == packed
    assert store.contents(store.revision("a")) == {one.content: text}


def test_only_what_is_gzipped_says_so_in_its_row(file: SqliteFile, store: Store) -> None:
    with store.staging() as staging:
        put(store, "a", staging.lay([b"x"], name="x"))
        put(store, "b", staging.lay([gzip.compress(b"x")], name="x", gzipped=True))
    with file.read() as connection:
        columns = connection.execute("SELECT attachments FROM dossiers_rev ORDER BY doc").fetchall()
    assert [len(loads(column)[0]) for (column,) in columns] == [6, 7]


def test_the_same_bytes_packed_are_another_revision(store: Store) -> None:
    packed = gzip.compress(b"x", mtime=0)
    with store.staging() as staging:
        put(store, "a", staging.lay([packed], name="x", gzipped=True))
        put(store, "b", staging.lay([packed], name="x"))
    assert store.summary("a").winner != store.summary("b").winner
    assert (read(store, "a"), read(store, "b")) == (b"x", packed)


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"x")[:-1], gzip.compress(b"x") + b"tail"],
    ids=[
        "nothing",
        "something else",
        "cut off",
        "with a tail",
    ],  # not the bytes: gzip writes the hour into them
)
def test_what_is_no_gzip_is_refused(file: SqliteFile, store: Store, data: bytes) -> None:
    with pytest.raises(BadRequest), store.staging() as staging:
        staging.lay([data], name="x", gzipped=True)
    assert counts(file) == (0, 0)


def test_a_bomb_goes_off_outside(file: SqliteFile, store: Store) -> None:
    member = gzip.compress(bytes(64 * MIB), mtime=0)
    bomb = (member for _ in range(MAX_ATTACHMENT_BYTES // (64 * MIB) + 1))
    with pytest.raises(TooLarge) as refused, store.staging() as staging:
        staging.lay(bomb, name="x", gzipped=True)
    assert (refused.value.error, refused.value.reason) == ("attachment_too_large", "x")
    assert counts(file) == (0, 0)


def test_unpacking_gives_a_little_at_a_time() -> None:
    packed = zlib.compressobj(wbits=31)
    data = packed.compress(bytes(10 * MIB)) + packed.flush()
    assert max(len(piece) for piece in Gunzip().feed(data)) <= 256 * 1024


# ---- a server's memory, and its end


def peak_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError


def test_a_large_attachment_is_never_in_memory(tmp_path: Path, times: Times) -> None:
    block, blocks = noise(MIB), times(30, 200)

    def chunks() -> Iterator[bytes]:
        for number in range(blocks):
            yield number.to_bytes(8) + block[8:]

    with bare_server(tmp_path / "d") as (url, process):
        requests.put(f"{url}/a", timeout=9)
        requests.put(f"{url}/a/warm/x", data=b"x", timeout=9)
        before = peak_mib(process.pid)
        assert requests.put(f"{url}/a/doc/x", data=chunks(), timeout=60).status_code == 201
        with requests.get(f"{url}/a/doc/x", stream=True, timeout=60) as got:
            assert got.headers["Content-Length"] == str(blocks * MIB)
            for sent in chunks():
                assert got.raw.read(MIB) == sent
        multipart, inline = {"Accept": "multipart/related"}, {"Accept": "application/json"}
        for headers, longer in ((multipart, 1.0), (inline, 4 / 3)):
            url_of_all = f"{url}/a/doc?attachments=true"
            with requests.get(url_of_all, headers=headers, stream=True, timeout=60) as got:
                assert sum(map(len, got.iter_content(MIB))) > blocks * MIB * longer
        assert peak_mib(process.pid) - before < 20


def test_an_upload_that_a_crash_ends_is_swept(tmp_path: Path) -> None:
    with bare_server(tmp_path / "d") as (url, process):
        requests.put(f"{url}/a", timeout=9)
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(
                b"PUT /a/doc/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + noise(3 * MIB)
            )
            file = SqliteFile(tmp_path / "d" / "a.db")
            until(lambda: counts(file, "db")[1] >= 8)
            assert requests.get(f"{url}/a/doc", timeout=9).status_code == 404
            process.kill()
            process.wait()
    assert counts(file, "db")[1] >= 8
    assert Store(file, "a", new_id=Ids(1), prefix="db").info().doc_count == 0
    assert counts(file, "db") == (0, 0)
    file.close()


def test_a_length_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with bare_server(tmp_path / "d") as (url, _):
        requests.put(f"{url}/a", timeout=9)
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=9) as line:
            line.sendall(b"PUT /a/doc/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n")
            line.shutdown(socket.SHUT_WR)
            assert b" 413 " in line.recv(100)


def test_a_download_of_what_is_purged_meanwhile_ends(store: Store) -> None:
    with store.staging() as staging:
        put(store, "a", staging.lay(cut(noise(3 * STRIDE_BYTES)), name="x"))
    (one,) = store.revision("a").attachments
    download = store.attachment(one)
    next(download)
    store.purge({"a": [str(store.summary("a").winner)]})
    with store.staging() as staging:
        put(store, "b", staging.lay(cut(noise(3 * STRIDE_BYTES, seed=2)), name="x"))
    assert store.revision("b").attachments[0].content > one.content  # numbers are not given out again
    with pytest.raises(Broken):
        next(download)
