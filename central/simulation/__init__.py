"""Whole centres in one process: people work, everything fails that can fail, and afterwards all must be right.

    founding   the centre: places, people, keys, catalog; the same bytes whenever it is founded
    world      time and chance of one run: all that happens follows from the seed
    machine    a node on a disk that fills up, with a clock that jumps; it may lose its power between any two statements
    network    the lines between them: down, one-way; they cut, repeat, reorder and lose what they carry
    deeds      what people do, drawn from the table of acts
    filling    plausible content for any act
    play       one run: steps, healing, and what came of it
    checks     what must be true afterwards (design §12)
    shrink     the fewest steps that still fail
    command    `motcua simulate`

The nodes are real: ledger, projector, store and replicator are those of an office. Under control are only the
clock, the random ids, the disk, the lines and the people.
"""
