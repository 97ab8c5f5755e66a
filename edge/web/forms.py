"""Forms as GOV.UK asks for them: every error says what to do, stands at its field and above, and loses no input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError
from wtforms import SelectChoice
from wtforms.validators import DataRequired, Length, StopValidation

from schemas.spelling import composed

OLD_PAGE = "Trang mở đã lâu nên chưa lưu gì. Mọi ô vẫn giữ nguyên. Bấm lại lần nữa."
LONGEST = 2000
Choice = SelectChoice
"""One answer of a question: what is sent, what is read."""
WRITTEN: Final = {"lang": "vi"}
"""Of an answer that people have written, which a page in English marks as Vietnamese."""


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The parent of all forms; the token against forged requests belongs to each of them."""

    def error_list(self) -> list[tuple[str, str]]:
        """(id of the field, what is wrong), in the order of the page."""
        found = []
        for name, field in self._fields.items():
            for error in field.errors:
                found.append((name, OLD_PAGE if name == "csrf_token" else error))
        return found


class Bare(Form):
    """A button: nothing to fill in, only the token."""

    @classmethod
    def checked(cls) -> None:
        """Raise `CSRFError` unless the button was on a page of ours."""
        if not cls().validate_on_submit():
            raise CSRFError(OLD_PAGE)


_NO_CHARACTERS: Final = ("Cc", "Cf", "Co", "Cs", "Cn")


def text(value: str | None) -> str:
    """A line as it is kept: NFC, single spaces, and nothing that cannot be seen, as pasted text often has."""
    line = composed(value or "")
    return "".join(one for one in line if unicodedata.category(one) not in _NO_CHARACTERS)


def paragraph(value: str | None) -> str:
    """Several lines, each as it is kept."""
    return "\n".join(composed(line) for line in (value or "").strip().splitlines())


def needed(message: str) -> list[Any]:
    """Something must be there besides spaces, of at most `LONGEST` characters."""
    return [DataRequired(message), Length(max=LONGEST, message=too_long())]


def too_long(limit: int = LONGEST) -> str:
    """What is said of more than `limit` characters."""
    return f"Dài quá {limit} ký tự. Rút gọn rồi lưu lại."


_AMOUNT: Final = re.compile(r"[0-9]{1,3}(?:[., ][0-9]{3})+|[0-9]{1,12}")


def amount_of(typed: str | None) -> int | None:
    """ "200000", "200.000" or "200.000 đ" as đồng; None for what is no amount."""
    bare = text(typed).removesuffix("đ").removesuffix("VNĐ").strip()
    return int(re.sub(r"[., ]", "", bare)) if _AMOUNT.fullmatch(bare) else None


def check(test: Callable[[str], bool], message: str) -> Callable[[Any, Any], None]:
    """A validator for what was typed, if anything was."""

    def validate(form: Any, field: Any) -> None:
        if field.data and not test(field.data):
            raise StopValidation(message)

    return validate
