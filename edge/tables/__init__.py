"""The tables of a node beside the documents, an idea a module.

Local tables hold what only this node knows, and migrate (`edge.tables.migrations`). Projections are made from the
events, and made again when they change (`edge.tables.projections`).
"""
