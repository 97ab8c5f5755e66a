"""Forms on paper.

What a citizen takes home is a promise, so a paper is a value: the same slip and the same version of its form give
the same bytes, today and in ten years. Forms are data with effective dates (`forms/*.toml`); a few layouts
(`letter`, on the sheets of `paper`) fill them. The spool remembers which paper went out, so that no crash prints one
twice by silence, and none gets lost.
"""
