"""Projections in PostgreSQL: the tables that pages ask, made by followers of a central's feeds.

Any number of them, on shards of the streams; each writes rows and says up to where it has read in one transaction. The
models and statements are those of `node.db`. Nothing here is imported where the setting `projections` is not set.
decisions/0050.
"""
