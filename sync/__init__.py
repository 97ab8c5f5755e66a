"""Documents and their travel.

`sync` is a CouchDB in a library: documents with revision trees in SQLite (`store`), the HTTP API that any
CouchDB client speaks (`server`, `endpoints`), and the replicator that copies documents between two peers
(`replicator`, `peer`, `remote`). It spells CouchDB's words as CouchDB does. It knows no dossier: whoever
opens a store may pass rules that accept or refuse each document, and a hook that runs in the same
transaction. Clock, random ids and secrets come from the caller. DESIGN.md says how and why.
"""
