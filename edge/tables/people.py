"""What a node keeps of the people who work at it; none of it leaves the machine."""

from __future__ import annotations

from edge.database import Local
from printing.models import IntegerField, TextField


class Pin(Local):
    """A person's PIN at this node (argon2id); `catalog` is the number of the catalog under which it was set."""

    person = TextField(primary_key=True)
    verifier = TextField()
    catalog = IntegerField()


class Attempt(Local):
    """Tries of a PIN or a password since one was last right; `key` is `pin <person>` or `password <person>`."""

    key = TextField(primary_key=True)
    failures = IntegerField()


class SessionRow(Local):
    """One browser in which somebody is signed in here. `id` is the SHA-256 of the token in its cookie."""

    id = TextField(primary_key=True)
    person = TextField()
    how = TextField()
    owes = TextField()
    catalog = IntegerField()
    began_at = TextField()
    seen_at = TextField()
    locked = IntegerField()
    browser = TextField()

    class Meta:
        table_name = "session"


class DraftRow(Local):
    """What somebody had typed when the screen locked, as JSON; theirs, and nobody else's to send."""

    id = TextField(primary_key=True)
    person = TextField()
    path = TextField()
    fields = TextField()
    at = TextField()

    class Meta:
        table_name = "draft"


class ViewRow(Local):
    """One look at a dossier; each names the hash of the one before."""

    line = IntegerField(primary_key=True)
    at = TextField()
    person = TextField()
    stream = TextField()
    what = TextField()
    hash = TextField()

    class Meta:
        table_name = "view_log"


class FolderRow(Local):
    """A folder of paper that somebody holds here, whose dossier has not come yet; `code` is that of its slip."""

    number = TextField(primary_key=True)
    code = TextField()
    person = TextField()
    at = TextField()

    class Meta:
        table_name = "folder"
