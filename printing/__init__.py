"""Forms on paper.

What a citizen takes home is a promise, so a paper is a value: the same slip and the same version of its form give
the same bytes, today and in ten years. What a paper says is in `papers`, how it looks is
data with effective dates (`forms/*.toml`), and a few layouts (`letter`, `ticket`, `label`, on the sheets of `paper`)
bring the two together (`typesetting`). The spool remembers which paper went out, so that no crash prints one
twice by silence, and none gets lost.
"""
