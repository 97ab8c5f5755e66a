"""What the article tells of 2019-2023, and the same for a centre of another size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over five years. What is not written here is a difference, so that the parts always make the whole.

    `on_site`: dossiers of the procedures of the 4-on-site room. `satisfied`: ratings of the second level.
    """

    received: int
    online: int
    resolved: int
    overdue: int
    on_site: int
    rated: int
    satisfied: int

    @property
    def in_time(self) -> int:
        """Resolved, and not later than promised."""
        return self.resolved - self.overdue

    @property
    def in_progress(self) -> int:
        """At the end of the five years, whether already late or not."""
        return self.received - self.resolved


ARTICLE: Final = Totals(
    received=521_756,
    online=315_494,
    resolved=509_560,
    overdue=306,
    on_site=71_126,
    rated=30_468,
    satisfied=1_202,
)


def totals(received: int) -> Totals:
    """The article's sums divided, each rounded half up."""
    whole = ARTICLE.received

    def part(of_all: int) -> int:
        return (2 * of_all * received + whole) // (2 * whole)

    return Totals(
        received,
        part(ARTICLE.online),
        part(ARTICLE.resolved),
        part(ARTICLE.overdue),
        part(ARTICLE.on_site),
        part(ARTICLE.rated),
        part(ARTICLE.satisfied),
    )
