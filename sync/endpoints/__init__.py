"""The HTTP API, one module for each group of endpoints, in CouchDB's words (docs/protocol.md).

`call` is what an endpoint is given, `answers` what it gives back; `sync.server` finds the endpoint.
"""
