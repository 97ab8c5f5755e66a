"""PAdES (ETSI EN 319 142): the revisions of a result, and what somebody reads back from any signed PDF.

The only folder that speaks pyHanko. It knows PDF and certificates, and neither dossiers nor the catalog.
"""
