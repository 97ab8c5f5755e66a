"""python-cloudant, which reads `_changes` line by line and not as JSON."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Server

IDS = ["a/b", "hồ sơ", "c+d"]


@pytest.mark.filterwarnings("ignore:The module cloudant is now deprecated:DeprecationWarning")
def test_documents_attachments_and_feeds(server: Server) -> None:
    from cloudant.client import CouchDB

    client = CouchDB(server.user, server.password, url=server.url, connect=True, auto_renew=True)
    database = client[server.database]
    assert database.exists()
    document = [database.create_document({"_id": doc_id, "n": 1}) for doc_id in IDS][-1]
    document["n"] = 2
    document.save()
    document.put_attachment("x y/z.txt", "text/plain", b"hello")
    assert document.get_attachment("x y/z.txt") == "hello"
    for feed in ({}, {"feed": "longpoll", "timeout": 10}, {"feed": "continuous", "timeout": 10}):
        changes = database.changes(style="all_docs", **feed)
        assert [row["id"] for row in changes] == IDS
        assert changes.last_seq == database.metadata()["update_seq"]
    assert sorted(one["_id"] for one in database) == sorted(IDS)
    assert database.revisions_diff("a/b", "1-x")["a/b"]["missing"] == ["1-x"]
    document.delete()
    assert not document.exists()
    client.disconnect()
