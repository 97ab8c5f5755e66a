"""What the people of the room fill in: the appraisal with its checklist, the decision, the words that send one back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import request
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, PasswordField, RadioField, TextAreaField
from wtforms.validators import InputRequired, StopValidation

from edge.web.forms import Choice, Form, needed, paragraph
from edge.web.language import say, tell
from schemas.acts import CheckedPoint

_PIN: Final = [InputRequired("Chưa gõ mã PIN thẻ ký số.")]
MOST_ATTACHED: Final = 20
FOUND: Final = (Choice("met", "Đạt"), Choice("not_met", "Không"), Choice("not_needed", "Không cần"))


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the checklist on the page: the name of its field, what is asked, and the answer so far."""

    field: str
    point: str
    found: str


class Checklist:
    """The points of a procedure, as they are answered in the present form."""

    def __init__(self, points: tuple[str, ...]) -> None:
        answers = (request.form.get(f"point-{place}", "") for place in range(len(points)))
        allowed = {choice.value for choice in FOUND}
        self.points = [
            Point(f"point-{place}", point, found if found in allowed else "")
            for place, (point, found) in enumerate(zip(points, answers, strict=True))
        ]

    def problems(self, *, passed: bool) -> list[tuple[str, str]]:
        """(field, what is wrong); nothing passes with a point that is not met."""
        open_ = [
            (one.field, tell("Chưa xem: {point}", point=one.point)) for one in self.points if not one.found
        ]
        if open_ or not passed:
            return open_
        return [
            (one.field, tell("Không đạt mà kết luận đạt: {point}", point=one.point))
            for one in self.points
            if one.found == "not_met"
        ]

    def checked(self) -> tuple[CheckedPoint, ...]:
        """In the order of the procedure, once `problems` has found none: each has an answer then."""
        return tuple(CheckedPoint(one.point, one.found) for one in self.points)  # type: ignore[arg-type]


class Appraisal(Form):
    """Passed or not, and the opinion; the points of the checklist are beside it."""

    passed = RadioField(
        "Kết luận",
        choices=[Choice("yes", "Đạt, trình ký"), Choice("no", "Không đạt")],
        validators=[InputRequired("Chưa chọn kết luận: đạt hay không đạt.")],
    )
    opinion = TextAreaField(
        "Ý kiến thẩm định", filters=[paragraph], validators=needed("Chưa ghi ý kiến thẩm định.")
    )


class Approval(Form):
    """The decision's words, papers that go with the result, and the PIN of the token, which is kept nowhere."""

    text = TextAreaField(
        "Nội dung quyết định", filters=[paragraph], validators=needed("Chưa ghi nội dung quyết định.")
    )
    attachments = MultipleFileField("Tài liệu kèm theo kết quả")
    without = BooleanField("Không kèm tài liệu nữa")
    pin = PasswordField("Mã PIN thẻ ký số", validators=_PIN)

    @property
    def lost(self) -> list[str]:
        """The files that were chosen when this was sent before: no page can keep them, a person chooses them again."""
        before = [name for name in request.form.getlist(self.attachments.name) if name]
        return list(dict.fromkeys([*before, *(str(one.filename) for one in self._chosen())]))

    def validate_attachments(self, field: MultipleFileField) -> None:
        """Nothing is signed without the papers that were to go with it, because a screen was locked meanwhile."""
        chosen = self._chosen()
        if self.lost and not chosen and not self.without.data:
            raise StopValidation("Chưa chọn lại tài liệu kèm theo; trang không giữ được tệp.")
        if len(chosen) > MOST_ATTACHED:
            raise StopValidation(say("Nhiều hơn {most} tệp. Gộp lại rồi chọn lần nữa.", most=MOST_ATTACHED))

    def _chosen(self) -> list[FileStorage]:
        return [one for one in request.files.getlist(self.attachments.name) if one.filename]


class Refusal(Form):
    """Why, as the paper will say it, and the PIN of the token, which is kept nowhere."""

    reason = TextAreaField("Lý do từ chối", filters=[paragraph], validators=needed("Chưa ghi lý do từ chối."))
    pin = PasswordField("Mã PIN thẻ ký số", validators=_PIN)


class WithdrawalAnswer(Form):
    """Whether the applicant may have the dossier back, and why."""

    answer = RadioField(
        "Trả lời đơn xin rút",
        choices=[
            Choice("grant", "Đồng ý cho rút: hồ sơ dừng xử lý"),
            Choice("refuse", "Không đồng ý: hồ sơ xử lý tiếp"),
        ],
        validators=[InputRequired("Chưa chọn đồng ý hay không.")],
    )
    reason = TextAreaField("Lý do", filters=[paragraph], validators=needed("Chưa ghi lý do."))


class Second(Form):
    """Whether a second person agrees with the appraisal, and in which words."""

    agrees = RadioField(
        "Ý kiến thứ hai",
        choices=[Choice("yes", "Đồng ý với thẩm định"), Choice("no", "Không đồng ý")],
        validators=[InputRequired("Chưa chọn đồng ý hay không.")],
    )
    opinion = TextAreaField("Ý kiến", filters=[paragraph], validators=needed("Chưa ghi ý kiến."))


class SendBack(Form):
    """What whoever appraised should look at again."""

    reason = TextAreaField(
        "Lý do trả về", filters=[paragraph], validators=needed("Chưa ghi vì sao trả về thẩm định.")
    )
