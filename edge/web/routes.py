"""Addresses of pages: what puts one together is compiled when it is first named, and not for all of them at the start.

Werkzeug makes two functions of every rule when that is added. Of some 280 rules a node names few before its first page,
and all of them took most of the time in which its pages were made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

Built = Callable[..., tuple[str, str]]
"""From a rule and the values of its parts: the domain's part and the path, with a query of what is left over."""


class Route(Rule):
    """A rule that compiles what builds its addresses late. Matching is werkzeug's, and so is what is compiled."""

    def _compile_builder(self, append_unknown: bool = True) -> Built:
        compiled = partial(super()._compile_builder, append_unknown)
        made: list[Built] = []  # two threads may compile it at once: to the same

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(compiled())
            return made[0](rule, **values)

        return build


class Pages(Flask):
    """Flask, with such rules."""

    url_rule_class = Route
