"""The office: a node with more duties.

It founds the centre, grants cards, writes the catalog, settles what cannot both stand, and starts
everything (`motcua`). What a counter can do, `edge` does; here is what only central may.
"""
