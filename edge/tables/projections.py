"""The projections as SQLite has them: thrown away and made again whenever their version changes."""

from __future__ import annotations

import re
from typing import Final

from edge.database import run_script
from sync.sqlite import Connection

PROJECTION_VERSION: Final = "25"
"""Raise it when projections change shape or meaning: every node rebuilds them at its next start."""


DOUBTFUL: Final = "place NOT IN ('effective', 'contested', 'void')"
"""The words of the partial index of such acts: a query without them reads the whole archive."""

OF_MONEY: Final = "kind IN ('dossier.fee_collected', 'dossier.fee_voided', 'dossier.fee_refunded')"
"""Those of `schemas.till.KINDS`, and again the words of a partial index."""


SCRIPT: Final = """
CREATE TABLE event (stream TEXT NOT NULL, hash TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, place TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (stream, hash)) WITHOUT ROWID;
CREATE INDEX event_chain ON event (node, seq);
CREATE INDEX event_doubtful ON event (place) WHERE place NOT IN ('effective', 'contested', 'void');
CREATE TABLE dossier (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, number TEXT NOT NULL,
    procedure TEXT NOT NULL, procedure_name TEXT NOT NULL, agency TEXT NOT NULL, applicant TEXT NOT NULL,
    identity TEXT NOT NULL, phone TEXT NOT NULL, submitter TEXT NOT NULL, received_at TEXT NOT NULL,
    received_day TEXT NOT NULL, due_at TEXT NOT NULL, stopped INTEGER NOT NULL, unsure INTEGER NOT NULL,
    status INTEGER NOT NULL, appraisal TEXT NOT NULL,
    outcome TEXT NOT NULL, contested INTEGER NOT NULL, missing INTEGER NOT NULL, node TEXT NOT NULL,
    changed_at TEXT NOT NULL, money TEXT NOT NULL, owed INTEGER NOT NULL, queue TEXT NOT NULL, holder TEXT NOT NULL,
    moved_at TEXT NOT NULL, paper TEXT NOT NULL, corrected_by TEXT NOT NULL, warned TEXT NOT NULL);
CREATE TABLE queue_count (queue TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX dossier_stream ON dossier (stream);
CREATE INDEX dossier_number ON dossier (number);
CREATE INDEX dossier_identity ON dossier (identity);
CREATE INDEX dossier_queue ON dossier (queue, stopped, due_at, position) WHERE queue <> '';
CREATE INDEX dossier_moved ON dossier (queue, moved_at) WHERE queue <> '';
CREATE INDEX dossier_day ON dossier (received_day, position);
CREATE INDEX dossier_unsure ON dossier (received_at) WHERE unsure > 0;
CREATE INDEX dossier_money ON dossier (money, position);
CREATE INDEX dossier_contested ON dossier (contested) WHERE contested > 0;
CREATE INDEX dossier_missing ON dossier (missing) WHERE missing > 0;
CREATE INDEX dossier_paper ON dossier (paper) WHERE paper <> '';
CREATE INDEX dossier_corrected ON dossier (corrected_by) WHERE corrected_by <> '';
CREATE TABLE work (position INTEGER NOT NULL, list TEXT NOT NULL, moment TEXT NOT NULL, place TEXT NOT NULL,
    person TEXT NOT NULL, agency TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (position, list)) WITHOUT ROWID;
CREATE INDEX work_moment ON work (list, moment, position, place, person, agency);
CREATE INDEX work_received ON work (list, position, moment, place, person, agency);
CREATE INDEX work_name ON work (list, name, position, moment, place, person, agency);
CREATE INDEX work_place ON work (list, place, moment, position, agency);
CREATE INDEX work_person ON work (list, person, moment, position, agency);
CREATE TABLE work_count (list TEXT NOT NULL, place TEXT NOT NULL, person TEXT NOT NULL, agency TEXT NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (list, place, person, agency)) WITHOUT ROWID;
CREATE TABLE petition (stream TEXT PRIMARY KEY NOT NULL, number TEXT NOT NULL, status TEXT NOT NULL,
    filed_at TEXT NOT NULL, due TEXT NOT NULL, answered_at TEXT NOT NULL, closed_at TEXT NOT NULL, node TEXT NOT NULL,
    sender TEXT NOT NULL, excerpt TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX petition_number ON petition (number);
CREATE INDEX petition_open ON petition (due, stream) WHERE status = 'open';
CREATE INDEX petition_answered ON petition (answered_at, stream) WHERE status = 'answered';
CREATE INDEX petition_closed ON petition (closed_at, stream) WHERE status = 'closed';
CREATE TABLE turned_away (stream TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, form TEXT NOT NULL, place TEXT NOT NULL,
    person TEXT NOT NULL, agency TEXT NOT NULL, procedure TEXT NOT NULL, procedure_name TEXT NOT NULL,
    applicant TEXT NOT NULL, submitter TEXT NOT NULL, phone TEXT NOT NULL, papers INTEGER NOT NULL,
    reason TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX turned_away_at ON turned_away (at, stream, form, place, person, agency);
CREATE TABLE pending_receipt (collected TEXT PRIMARY KEY NOT NULL, stream TEXT NOT NULL, at TEXT NOT NULL,
    place TEXT NOT NULL, form TEXT NOT NULL, symbol TEXT NOT NULL, number INTEGER NOT NULL, total INTEGER NOT NULL,
    payer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX pending_receipt_stream ON pending_receipt (stream);
CREATE INDEX pending_receipt_at ON pending_receipt (at, collected);
CREATE INDEX pending_receipt_place ON pending_receipt (place, at, collected);
CREATE INDEX pending_receipt_number ON pending_receipt (symbol, number);
CREATE TABLE conflict (id TEXT NOT NULL, stream TEXT NOT NULL, title TEXT NOT NULL, rows TEXT NOT NULL,
    members TEXT NOT NULL, opened_at TEXT NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (id, stream)) WITHOUT ROWID;
CREATE INDEX conflict_stream ON conflict (stream);
CREATE INDEX conflict_weight ON conflict (weight DESC, opened_at) WHERE weight > 0;
CREATE INDEX conflict_age ON conflict (opened_at) WHERE weight > 0;
CREATE TABLE fork (key TEXT PRIMARY KEY NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL, first TEXT NOT NULL,
    second TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE party (key TEXT PRIMARY KEY NOT NULL, identity TEXT NOT NULL, stream TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX party_identity ON party (identity);
CREATE INDEX party_stream ON party (stream);
CREATE INDEX event_money ON event (at)
    WHERE kind IN ('dossier.fee_collected', 'dossier.fee_voided', 'dossier.fee_refunded');
CREATE TABLE stream (stream TEXT PRIMARY KEY NOT NULL, agencies TEXT NOT NULL, over TEXT NOT NULL,
    missing INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE custody (stream TEXT NOT NULL, what TEXT NOT NULL, agency TEXT NOT NULL, since TEXT NOT NULL,
    due_at TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (stream, what)) WITHOUT ROWID;
CREATE INDEX custody_list ON custody (what, due_at, agency);
CREATE INDEX custody_agency ON custody (agency, what, due_at);
CREATE INDEX stream_agencies ON stream (agencies);
CREATE INDEX stream_over ON stream (over) WHERE over <> '';
CREATE INDEX stream_missing ON stream (missing) WHERE missing > 0;
CREATE TABLE named_file (key TEXT PRIMARY KEY NOT NULL, file TEXT NOT NULL, stream TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX named_file_file ON named_file (file);
CREATE INDEX named_file_stream ON named_file (stream);
CREATE INDEX event_day_closed ON event (node) WHERE kind = 'node.day_closed';
CREATE INDEX event_closed ON event (node) WHERE kind = 'node.closed';
CREATE TABLE inbox (stream TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, agency TEXT NOT NULL,
    procedure TEXT NOT NULL, procedure_name TEXT NOT NULL, applicant TEXT NOT NULL, number TEXT NOT NULL,
    portal TEXT NOT NULL, files INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX inbox_state ON inbox (state, at, stream);
CREATE TABLE submission (portal TEXT NOT NULL, name TEXT NOT NULL, stream TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (portal, name, stream)) WITHOUT ROWID;
CREATE INDEX submission_stream ON submission (stream);
CREATE TABLE task (stream TEXT NOT NULL, must TEXT NOT NULL, about TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (stream, must, about)) WITHOUT ROWID;
CREATE TABLE outage (stream TEXT PRIMARY KEY NOT NULL, node TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
    what TEXT NOT NULL, seq INTEGER NOT NULL, last_seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX outage_since ON outage (since);
CREATE INDEX outage_lasts ON outage (since) WHERE until = '';
CREATE TABLE outage_day (day TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (day, stream)) WITHOUT ROWID;
CREATE INDEX outage_day_stream ON outage_day (stream);
CREATE TABLE tallied (stream TEXT PRIMARY KEY NOT NULL, agency TEXT NOT NULL, field TEXT NOT NULL,
    place TEXT NOT NULL, procedure TEXT NOT NULL, turns TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE due_turn (at TEXT NOT NULL, stream TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
    agency TEXT NOT NULL, field TEXT NOT NULL, place TEXT NOT NULL, procedure TEXT NOT NULL);
CREATE INDEX due_turn_at ON due_turn (at);
CREATE INDEX due_turn_stream ON due_turn (stream);
CREATE TABLE tally (dimension TEXT NOT NULL, span TEXT NOT NULL, member TEXT NOT NULL, name TEXT NOT NULL,
    number INTEGER NOT NULL, PRIMARY KEY (dimension, span, member, name)) WITHOUT ROWID;
CREATE TABLE rated (hash TEXT PRIMARY KEY NOT NULL, visit TEXT NOT NULL, dossier TEXT NOT NULL, phase TEXT NOT NULL,
    level INTEGER NOT NULL, satisfied INTEGER NOT NULL, at TEXT NOT NULL, node TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX rated_visit ON rated (visit);
CREATE TABLE rating_waits (visit TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE INDEX rated_dossier ON rated (dossier);
CREATE TABLE counted_in (stream TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (stream, other)) WITHOUT ROWID;
CREATE INDEX counted_in_other ON counted_in (other);
CREATE VIRTUAL TABLE dossier_search USING fts5 (words, tokenize = 'ascii', prefix = '2 3');
INSERT INTO dossier_search (dossier_search, rank) VALUES ('secure-delete', 1);
"""
"""What has no model is asked by statements alone:

- `queue_count`, `work_count`: how many stand in a queue or a list, so that none is ever counted.
- `work`: that a dossier which is not over stands in one list of the counter (`schemas.worklists`), at which moment of it;
  `place` and `person` received it, `name` orders by the applicant's given name.
- `stream`: what a stream is to a window: of which agencies (separated by spaces), since which day it is over ("": it is
  not), and how many acts are missing that others here name.
- `fork`: two events with one number in one machine's chain, both under its seal: the machine exists twice, or lies.
- `outage_day`: the Vietnamese days that an outage touched: what overlaps it is found by them, whatever the archive's age.
- Sums are told of in `edge.tallying`, the search in `edge.searching`.
"""


TABLES: Final = tuple(re.findall(r"^CREATE (?:VIRTUAL )?TABLE (\w+)", SCRIPT, re.MULTILINE))
"""Their names."""


def fresh_projections(connection: Connection) -> None:
    """Drop all projections and make them anew, empty."""
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    run_script(connection, SCRIPT)
    connection.execute(
        "INSERT INTO fact (key, value) VALUES ('projections', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (PROJECTION_VERSION,),
    )


def projections_are_there(connection: Connection) -> bool:
    """Whether this file has projections, of whatever version."""
    named = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'event'"
    return connection.execute(named).fetchone() is not None


def projections_are_current(connection: Connection) -> bool:
    """Whether they were made by this version of the projector."""
    row = connection.execute("SELECT value FROM fact WHERE key = 'projections'").fetchone()
    return row is not None and row[0] == PROJECTION_VERSION
