"""`motcua dataset`: the customer's five years, made up so that the reports say what their article tells.

The article gives sums and nothing else. Who came when, with what, and how long it took is invented here, within what is
plausible; every act is written as a counter, a room or an agency would have written it: by a card that central
granted, sealed by that machine's key, signed where the law asks for it, and taken in by the same door as what
machines bring. docs/article.md.
"""
