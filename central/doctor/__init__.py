"""`motcua doctor`: what is wrong with a machine, what is safe all the same, and what to do.

`faults` says it of each fault that is known. `folder` looks at what lies on the disk, whether the node runs or not; `line`
at the way to another machine; `node` reads what a running node says of itself. All of it only looks: it writes nothing.
"""
