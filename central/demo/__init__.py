"""A whole centre on one machine, to look at and to prove: real processes, real sockets, a switch for each cable.

Nothing in here is part of an installed centre. Nodes do not know that they are in a demo, but for the PINs that
their sign-in page shows and the switches on central's page.
"""
