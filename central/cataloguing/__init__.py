"""The catalog as people edit it: an entry as fields, what a change changes in words, and how two persons publish it.

One editor serves all kinds of entry. What an entry may hold stands in its type (`schemas.entries`); what its members are
called, in `labels`; what else must hold before it is published, in `rules`. Nothing gets into the catalog by a page
unless somebody has proposed it and somebody else has confirmed it (`proposals`).
"""
