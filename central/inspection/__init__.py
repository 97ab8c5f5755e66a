"""Reading a centre's folders again, without trusting anything that a node remembers.

No node is opened: the files are read as they lie, read-only, while their nodes run or not. What can be
proven is proven anew, from the pinned certificate up; what cannot be read is passed over, and what it held
is named from what is left: gaps in the chains, heads, marks, and what the other nodes have.

    folders     the nodes' folders, opened, and what is found in each
    reading     a SQLite file, row by row, past the pages that cannot be read
    log         what a killed node left in SQLite's write-ahead log
    documents   the documents of one database, as their rows say
    catalogs    the catalog along its chain, and the cards and keys that it grants
    events      dossiers and visits: each event by itself, and its marks
    numbers     dossier numbers: given once, by whom they belong to
    archives    files and their chunks
    chains      all nodes together: what is gone, what was forked
    findings    what was found, in sentences
"""
