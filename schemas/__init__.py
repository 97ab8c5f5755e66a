"""What may be said in a one-stop centre, and what it means.

Everything here is pure: values in, values out. An event (`events`) records one act; the table of acts
(`acts`) says who may do what, and when; the fold (`fold`) turns the events of one dossier into the
dossier that every node shows; the conflict table (`conflicts`) names what cannot both stand. The catalog
(`catalog`) is the fold of central's own events: procedures, agencies, people, machines, calendars.

No clock, no randomness, no file, no socket: they come in as arguments. Imports nothing of ours.
"""
