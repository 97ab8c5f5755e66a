"""Đính chính: a result that was handed over is not changed; another dossier corrects it, and this one says which.

The other dossier is received like any other. It is named here by its number, its slip's code, or out of what the same
applicant has handed in since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.validators import Length

from edge.tables.dossiers import DossierRow
from edge.web import presence
from edge.web.forms import LONGEST, WRITTEN, Choice, Form, needed, paragraph, text, too_long
from edge.web.language import say, tell
from edge.web.merging import over_what_was_seen
from edge.web.scanned import streams_of
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import Linked, Status
from schemas.spelling import words as plain_words

blueprint = Blueprint("correcting", __name__)

KIND: Final = "dossier.corrected"
_NO_STREAM: Final = "0" * 32
_ENDED: Final = frozenset({Status.NOT_RECEIVED.value, Status.STOPPED.value})
"""What comes to no result, and so corrects none."""


class Correction(Form):
    """Which dossier corrects this one. `asks_whose`: what was typed stands in somebody else's name."""

    asks_whose = False

    stream = RadioField("Hồ sơ đính chính", choices=[], validate_choice=False)
    number = StringField(
        "Số hồ sơ đính chính, nếu là hồ sơ khác",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )
    other = BooleanField("Đúng là hồ sơ đính chính, dù đứng tên người khác")
    reason = TextAreaField(
        "Đính chính gì", filters=[paragraph], validators=needed("Chưa ghi kết quả đã trả sai ở đâu.")
    )

    def corrects(self, shown: Shown) -> DossierRow | None:
        """The dossier that is meant; None where it is not clear, or cannot be, which then stands at its field."""
        row = self._typed() if self.number.data else self._chosen(shown)
        if row is None:
            return None
        wrong = ""
        if row.stream == shown.dossier.stream:
            wrong = say("Đây chính là hồ sơ đang mở. Ghi số của hồ sơ mới, nhận để đính chính.")
        elif row.status in _ENDED:
            wrong = say(
                "Hồ sơ {number} đã dừng, không ra kết quả nào. Ghi số của hồ sơ khác.", number=row.number
            )
        elif _is_anothers(row, shown) and not self.other.data:
            self.asks_whose = True
            wrong = tell(
                "Hồ sơ {number} là của {who}. Đọc lại số; nếu đúng, đánh dấu ô dưới đây.",
                {"number": row.number},
                who=row.applicant,
            )
        if not wrong:
            return row
        (self.number if self.number.data else self.stream).errors = [wrong]
        return None

    def _typed(self) -> DossierRow | None:
        found = streams_of(self.number.data)
        if len(found) == 1:
            return site().node.register.row(found[0])
        self.number.errors = [
            say(
                "Nhiều hồ sơ ứng với mã này. Gõ đủ số của một hồ sơ."
                if found
                else "Máy này không có hồ sơ số đó. Đọc lại số; hồ sơ vừa nhận ở máy khác thì chờ nó về tới rồi ghi."
            )
        ]
        return None

    def _chosen(self, shown: Shown) -> DossierRow | None:
        row = next((one for one in since(shown) if one.stream == self.stream.data), None)
        if row is None:
            self.stream.errors = [
                say("Chưa chọn hồ sơ nào đính chính. Chọn một hồ sơ, hoặc quét, gõ số của nó.")
            ]
        return row


@blueprint.get("/dossier/<stream>/correct")
def page(stream: str) -> ResponseReturnValue:
    """Candidates: what the same applicant has handed in since; a single one is chosen already."""
    shown, form = show(stream), Correction(formdata=None)
    rows = since(shown)
    form.stream.data = rows[0].stream if len(rows) == 1 else ""
    return _render(shown, form)


@blueprint.post("/dossier/<stream>/correct")
@over_what_was_seen(KIND, Correction)
def correct(stream: str) -> ResponseReturnValue:
    """Name the dossier that corrects this one. 422 where it is not clear which, or cannot be that one."""
    shown, form = show(stream), Correction()
    filled = form.validate_on_submit()
    row = form.corrects(shown)
    if row is None or not filled:
        return _render(shown, form, form.error_list()), 422
    said = Linked(row.stream, row.number, form.reason.data)
    try:
        site().node.ledger.act(stream, KIND, said, by=presence.person().id)
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form, trouble=trouble), trouble.status
    return redirect(url_for("dossier.page", stream=stream, done=KIND), 303)


def sample() -> Linked:
    """A correction by any dossier, to ask whether there may be one."""
    return Linked(_NO_STREAM)


def corrected_by(shown: Shown) -> tuple[Linked, DossierRow | None] | None:
    """What was said last of the dossier that corrects this one, and its row where it is here."""
    done = shown.dossier.standing.newest.get(KIND)
    if done is None or done.data is None:
        return None
    return done.data, site().node.register.row(done.data.stream)


def since(shown: Shown) -> list[DossierRow]:
    """What the same applicant has handed in since this result was handed over, newest first."""
    returned = min((done.at for done in shown.dossier.standing.returns), default="")
    if not returned or presence.person().agency:
        return []
    rows = site().node.register.earlier(shown.received.applicant.identity, but=shown.dossier.stream)
    return [row for row in rows if row.received_at >= returned and row.status not in _ENDED]


def _is_anothers(row: DossierRow, shown: Shown) -> bool:
    """Neither the number nor the name is the same: either may be what is corrected."""
    applicant = shown.received.applicant
    same_number = bool(applicant.identity) and row.identity == applicant.identity
    return not same_number and plain_words(row.applicant) != plain_words(applicant.name)


def _render(
    shown: Shown,
    form: Correction,
    errors: Sequence[tuple[str, str]] = (),
    trouble: Trouble | None = None,
) -> str:
    form.stream.choices = [
        Choice(row.stream, f"{row.number}: {row.procedure_name}", WRITTEN) for row in since(shown)
    ]
    return render_template(
        "correct.html",
        shown=shown,
        form=form,
        errors=list(errors),
        trouble=trouble,
        against=why_not(shown.dossier, KIND, sample()),
        before=corrected_by(shown),
        conflicts=[(conflict, sides(shown, conflict)) for conflict in shown.dossier.conflicts],
        asks_whose=form.asks_whose or form.other.data,
        receives=site().may(presence.person(), COUNTER),
    )
