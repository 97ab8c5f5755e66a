"""Is this result genuine? A signed PDF is uploaded, read apart, and told of; it is neither kept nor shown.

Any machine can answer, offline, to anybody who is signed in.
"""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired

from edge.errors import UnreadablePdf
from edge.pades.paper import LARGEST_BYTES, read_apart
from edge.verdict import WARNINGS, Verdict
from edge.verdict_words import HEADLINES, PARTS, PROBLEMS, facts
from edge.web import presence
from edge.web.forms import Form
from edge.web.language import tell
from edge.web.site import VERIFY, site
from edge.web.trouble import Trouble, trouble_of
from edge.web.uploads import takes_files

blueprint = Blueprint("verifying", __name__)


class Upload(Form):
    """The signed PDF; it is read in memory and kept nowhere."""

    paper = FileField("Văn bản kết quả (PDF)", validators=[FileRequired("Chưa chọn tệp PDF.")])


@blueprint.get("/verify")
def page() -> ResponseReturnValue:
    """For everybody with a role."""
    presence.require(VERIFY)
    return _render(Upload(formdata=None))


@blueprint.post("/verify")
@takes_files(LARGEST_BYTES)
def verify() -> ResponseReturnValue:
    """What can be said of its signatures, each for itself. 422 for what is no PDF, or cannot be read apart."""
    presence.require(VERIFY)
    form = Upload()
    if not form.validate_on_submit():
        return _render(form, errors=form.error_list()), 422
    content = form.paper.data.read(LARGEST_BYTES + 1)
    try:
        paper = read_apart(content)
    except UnreadablePdf as why:
        trouble = trouble_of(why)
        return _render(form, trouble=trouble), trouble.status
    verdict = site().node.judge.verdict(paper, site().now())
    return _render(form, verdict=verdict, name=form.paper.data.filename or "")


def _render(
    form: Form,
    *,
    verdict: Verdict | None = None,
    name: str = "",
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "verify.html",
        form=form,
        verdict=verdict,
        name=name[:120],
        errors=errors or [],
        trouble=trouble,
        headlines=HEADLINES,
        parts=PARTS,
        problems=PROBLEMS,
        warnings=WARNINGS,
        facts=partial(facts, tell=tell),
    )
