"""How visits were rated, for who supervises: each score beside the share of visitors who gave one (domain §5.1)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edge.web import presence
from edge.web.days import day_of
from edge.web.kiosk_words import LEVELS, WORDS
from edge.web.site import SCORES, site
from schemas.queue import Score, scores
from schemas.reports import Share

blueprint = Blueprint("scores", __name__)


@dataclass(frozen=True, slots=True)
class Row:
    """One counter, or all of them ("")."""

    score: Score

    @property
    def answered(self) -> Share:
        """Of the visits that were served, those that somebody rated."""
        return Share(self.score.rated, self.score.served)

    @property
    def satisfied(self) -> Share:
        """Of the levels that were given, those that say satisfied."""
        return Share(self.score.satisfied, sum(self.score.levels.values()))


@blueprint.get("/scores")
def page() -> ResponseReturnValue:
    """One Vietnamese day, today by default; a day that is none is today."""
    presence.require(SCORES)
    today = site().today()
    day = min(day_of(request.args.get("day")) or today, today)
    turns = site().node.visits.turns() if day == today else site().node.visits.of_day(day)
    centre = site().view.centre()
    words = WORDS["vi"]
    return render_template(
        "scores.html",
        rows=[Row(score) for score in scores(turns)],
        chosen=day,
        today=today,
        levels=[(level, words[f"level{level}"]) for level in LEVELS[centre.levels if centre else 3]],
    )
