"""Projections of what people bring: dossiers, what came online, what was turned away, petitions."""

from __future__ import annotations

from edge.database import Projection
from printing.models import CompositeKey, IntegerField, TextField


class DossierRow(Projection):
    """One dossier as lists show it. `position` grows with the moment of reception."""

    position = IntegerField(primary_key=True)
    stream = TextField()
    number = TextField()
    procedure = TextField()
    procedure_name = TextField()
    agency = TextField()
    applicant = TextField()
    identity = TextField()
    phone = TextField()
    submitter = TextField()
    received_at = TextField()
    received_day = TextField()
    due_at = TextField()
    """As of the stream's last act, what is not counted included; the printed moment while the clock stands still."""
    stopped = IntegerField()
    unsure = IntegerField()
    status = IntegerField()
    appraisal = TextField()
    outcome = TextField()
    contested = IntegerField()
    """Of its conflicts those that bind (`schemas.conflicts.Row.binds`)."""
    missing = IntegerField()
    node = TextField()
    changed_at = TextField()
    money = TextField()
    owed = IntegerField()
    queue = TextField()
    """Whose work it waits for, as `edge.register.Work` names it; "" where it waits for nobody in the house."""
    holder = TextField()
    """Who has the folder, as they said last."""
    moved_at = TextField()
    """Since when it is where it is: the last act that leads from one step to another."""
    paper = TextField()
    """The number of the handwritten slip that it was entered from; "" for all others."""
    corrected_by = TextField()
    """The stream of the dossier that corrects its result, as was said last; "" for all others."""
    warned = TextField()
    """The rows of its conflicts that only tell something, as a possible duplicate; names with a space between."""

    class Meta:
        table_name = "dossier"


class InboxRow(Projection):
    """What came online and is not received yet. `state` is `new`, or `supplement` while papers are waited for."""

    stream = TextField(primary_key=True)
    state = TextField()
    at = TextField()
    agency = TextField()
    procedure = TextField()
    procedure_name = TextField()
    applicant = TextField()
    number = TextField()
    portal = TextField()
    files = IntegerField()

    class Meta:
        table_name = "inbox"


class SubmissionRow(Projection):
    """Under which name of which portal a stream came; of one name there may be several, where a centre was restored."""

    portal = TextField()
    name = TextField()
    stream = TextField()
    digest = TextField()

    class Meta:
        table_name = "submission"
        primary_key = CompositeKey("portal", "name", "stream")


class TurnedAwayRow(Projection):
    """What was not received and got form 02 or 03, as lists show it (`schemas.turned_away.Listed`)."""

    stream = TextField(primary_key=True)
    at = TextField()
    form = TextField()
    place = TextField()
    person = TextField()
    agency = TextField()
    procedure = TextField()
    procedure_name = TextField()
    applicant = TextField()
    submitter = TextField()
    phone = TextField()
    papers = IntegerField()
    reason = TextField()

    class Meta:
        table_name = "turned_away"


class PetitionRow(Projection):
    """One petition as lists show it (`schemas.petitions.Listed`)."""

    stream = TextField(primary_key=True)
    number = TextField()
    status = TextField()
    filed_at = TextField()
    due = TextField()
    answered_at = TextField()
    closed_at = TextField()
    node = TextField()
    sender = TextField()
    excerpt = TextField()

    class Meta:
        table_name = "petition"
