"""One node: a counter, the 4-on-site room, or central's own desk.

A node has its own database and needs nobody to work: it receives, appraises, signs and returns with the
cable pulled out. `ledger` is the only door for new events; what neighbours bring enters by the same
projector; `roads` keeps the replications going. The pages under `web` are for the people in front of it.
"""
