"""The form of a reception: what is asked, what is refused, and the draft that comes out.

The one who came comes first on the page, because they stand there. Somebody else's dossier names both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, cast

import msgspec
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    StringField,
    TelField,
)
from wtforms.validators import Length, Optional, StopValidation

from edge.ledger import Draft
from edge.web.citizen_card import CitizenCard, is_another_code, read
from edge.web.days import Hour
from edge.web.forms import LONGEST, Choice, Form, check, needed, text, too_long
from edge.web.language import say
from schemas.acts import OutageNoted, Party, Received, ReceivedComponent
from schemas.calendar import VIETNAM, local_day
from schemas.entries import Procedure
from schemas.events import timestamp
from schemas.fees import Channel
from schemas.identity import (
    Field,
    Person,
    digits,
    findings,
    is_filler,
    is_personal_number,
    is_phone,
    is_tax_code,
)

KINDS: Final = ("originals", "certified", "copies")
SOURCES: Final = {"": "bản giấy", "database": "từ CSDL", "outage": "CSDL sự cố"}
"""Where what a paper says was read."""
MOST: Final = 99
Source = Literal["", "database", "outage"]

_NO_NAME = "Chưa ghi họ tên."
_OPTIONAL = [Length(max=LONGEST, message=too_long())]


def identity_problem(typed: str) -> str | None:
    """Why a number is neither a personal number nor a tax code, with what to do; None if it is one."""
    bare = digits(typed)
    if is_filler(bare):
        return say("Số này không có thật. Không có giấy tờ thì đánh dấu “không có giấy tờ”.")
    if is_personal_number(bare) or is_tax_code(bare):
        return None
    if is_another_code(typed):
        return say("Mã vừa quét không phải mã QR của thẻ căn cước. Quét ô vuông trên thẻ, hoặc gõ số.")
    if bare.isdigit() and len(bare) in (10, 11, 13):
        if len(bare) == 10:
            return say("Mã số thuế sai số kiểm tra. Đọc lại từng số, hoặc quét mã QR.")
        return say(
            "Số căn cước phải đủ 12 chữ số; đang có {number}. Quét lại mã QR hoặc gõ lại số.",
            number=len(bare),
        )
    if bare.isdigit():
        return say(
            "Số căn cước phải đủ 12 chữ số; đang có {number}. Quét lại mã QR hoặc gõ thêm số.",
            number=len(bare),
        )
    return say("Số căn cước có 12 chữ số, mã số thuế có 10 chữ số. Quét mã QR hoặc gõ lại số.")


def _identity(papers: str) -> Any:
    """A number, or the box `papers` that says there is none."""

    def validate(form: Form, field: Any) -> None:
        if not field.data:
            if not form[papers].data:
                raise StopValidation(
                    "Chưa có số căn cước hoặc mã số thuế. Quét, gõ số, hoặc đánh dấu “không có giấy tờ”."
                )
            raise StopValidation
        problem = identity_problem(field.data)
        if problem:
            raise StopValidation(problem)

    return validate


def _a_name(form: Form, field: Any) -> None:
    """Names of one syllable, of eighty characters and with an apostrophe are names; dots and numbers are none."""
    if not any(character.isalpha() for character in field.data):
        raise StopValidation("Họ tên chưa có chữ nào. Gõ họ tên như trên giấy tờ.")


def _reachable(form: Form, field: Any) -> None:
    if field.data and not form["phone"].data and not form["email"].data:
        raise StopValidation("Chưa có điện thoại hoặc thư điện tử để nhắn. Ghi một trong hai, hoặc bỏ dấu.")


def _when_for_another(form: Form, field: Any) -> None:
    """Lets a field about the other person be, while somebody comes for themselves."""
    if form["for_whom"].data != "other":
        raise StopValidation


class Reception(Form):
    """Field names are those of the page; `stream` names the dossier from the first look on."""

    stream = HiddenField()
    components_of = HiddenField()
    identity = StringField(
        "Quét mã QR thẻ căn cước, hoặc gõ số", filters=[text], validators=[_identity("no_identity")]
    )
    no_identity = BooleanField("Không có giấy tờ")
    name = StringField("Họ và tên", filters=[text], validators=[*needed(_NO_NAME), _a_name])
    address = StringField("Địa chỉ", filters=[text], validators=_OPTIONAL)
    phone = TelField(
        "Điện thoại",
        filters=[text],
        validators=[
            check(
                lambda typed: is_phone(digits(typed)),
                "Số điện thoại có 10 chữ số, hoặc bắt đầu bằng 02. Gõ lại số.",
            )
        ],
    )
    email = EmailField(
        "Thư điện tử",
        filters=[text],
        validators=[
            check(
                lambda typed: "@" in typed[1:-1] and len(typed) <= 254 and " " not in typed,
                "Thư điện tử cần có @ và tên miền, ví dụ ten@vidu.vn. Gõ lại.",
            )
        ],
    )
    for_whom = RadioField(
        "Nộp cho ai",
        choices=[Choice("self", "Chính mình"), Choice("other", "Người khác, có ủy quyền")],
        default="self",
    )
    applicant_name = StringField(
        "Chủ hồ sơ", filters=[text], validators=[_when_for_another, *needed("Chưa ghi tên chủ hồ sơ.")]
    )
    applicant_identity = StringField(
        "Mã số thuế hoặc số căn cước",
        filters=[text],
        validators=[_when_for_another, _identity("applicant_no_identity")],
    )
    applicant_no_identity = BooleanField("Không có giấy tờ")
    applicant_address = StringField("Địa chỉ chủ hồ sơ", filters=[text], validators=_OPTIONAL)
    authorisation = StringField("Giấy ủy quyền (số, ngày)", filters=[text], validators=_OPTIONAL)
    return_by = RadioField(
        "Nhận kết quả ở đâu",
        choices=[Choice("centre", "Tại Trung tâm"), Choice("post", "Qua bưu chính công ích")],
        default="centre",
    )

    channel = RadioField(
        "Nộp hồ sơ bằng cách nào",
        choices=[Choice("direct", "Trực tiếp tại quầy"), Choice("post", "Qua bưu chính công ích")],
        default="direct",
    )
    case = StringField("Trường hợp", filters=[text])
    commune = StringField("Xã, phường nơi có đất, nơi thực hiện", filters=[text])
    sets = StringField(
        "Số bộ hồ sơ",
        filters=[text],
        default="1",
        validators=[
            check(
                lambda typed: typed.isascii() and typed.isdigit() and 1 <= int(typed) <= MOST,
                f"Số bộ hồ sơ là số từ 1 đến {MOST}. Gõ lại số.",
            )
        ],
    )
    elsewhere = BooleanField("Nhận hộ cơ quan nơi khác (phi địa giới)")
    notify = BooleanField("Nhắn tin, gửi thư khi có kết quả", validators=[_reachable])
    outage_database = StringField("Cơ sở dữ liệu không khai thác được", filters=[text], validators=_OPTIONAL)
    outage_since = Hour("Từ lúc (hôm nay)", validators=[Optional()])

    def noted_outage(self, now: datetime) -> OutageNoted | None:
        """The incident by which papers were asked for; None, and the errors at the fields, where it is not told."""
        if not self.outage_database.data:
            self.outage_database.errors = [say("Chưa ghi cơ sở dữ liệu nào gặp sự cố.")]
        if self.outage_since.data is None and not self.outage_since.errors:
            self.outage_since.errors = [say("Chưa ghi sự cố từ lúc nào.")]
        if not self.outage_database.data or self.outage_since.data is None:
            return None
        since = datetime.combine(local_day(now), self.outage_since.data, VIETNAM)
        if since > now:
            self.outage_since.errors = [say("Giờ này chưa tới. Xem lại giờ bắt đầu sự cố.")]
            return None
        return OutageNoted(self.outage_database.data, timestamp(since))

    def take_card(self) -> CitizenCard | None:
        """Put what scanned citizen cards say into the fields; the card of whoever came, if it was one."""
        card = read(self.identity.data or "")
        if card is not None:
            self.identity.data = card.number
            self.name.data = card.name
            self.address.data = card.address or self.address.data
            self.no_identity.data = False
        other = read(self.applicant_identity.data or "")
        if other is not None:
            self.applicant_identity.data = other.number
            self.applicant_name.data = other.name
            self.applicant_address.data = other.address or self.applicant_address.data
            self.applicant_no_identity.data = False
        return card

    def take_earlier(self, received: Received) -> bool:
        """Put what an earlier dossier says of whoever came into what is still empty; whether anything was."""
        number, filled = digits(self.identity.data or ""), False
        parties = [one for one in (received.submitter, received.applicant) if isinstance(one, Party)]
        known = next((one for one in parties if one.identity == number), None)
        for what in ("name", "address", "phone", "email"):
            if known is not None and not self[what].data and getattr(known, what):
                self[what].data, filled = getattr(known, what), True
        return filled

    def warnings(self, on: date, card: CitizenCard | None) -> dict[str, list[str]]:
        """What to look at again beside each field, before and after saving; nothing of it stops a reception."""
        known = Person(on, card.sex, card.birth) if card is not None else Person(on)
        typed = {name: self[name].data or "" for name in ("identity", "name", "phone")}
        if self.for_whom.data == "other":
            typed |= {name: self[name].data or "" for name in ("applicant_identity", "applicant_name")}
        found: dict[str, list[str]] = {}
        for name, value in typed.items():
            said = _warnings_of(name, value, Person(on) if name.startswith("applicant") else known)
            if value and said and not self[name].errors:
                found[name] = said
        return found

    def draft(self, procedure: str, papers: Papers) -> Draft:
        """What the ledger is asked to receive; only after the form has been found right."""
        came = Party(
            name=self.name.data,
            identity=digits(self.identity.data),
            address=self.address.data,
            phone=digits(self.phone.data),
            email=self.email.data,
        )
        how: dict[str, Any] = {
            "return_by": self.return_by.data,
            "case": self.case.data or "",
            "channel": Channel(self.channel.data),
            "notify": bool(self.notify.data),
            "commune": self.commune.data or "",
            "elsewhere": bool(self.elsewhere.data),
            "sets": int(self.sets.data or 1),
        }
        if self.for_whom.data != "other":
            return Draft(procedure, came, papers.handed_in(), **how)
        applicant = Party(
            name=self.applicant_name.data,
            identity=digits(self.applicant_identity.data),
            address=self.applicant_address.data,
        )
        return Draft(
            procedure,
            applicant,
            papers.handed_in(),
            submitter=came,
            authorisation=self.authorisation.data,
            **how,
        )


def _warnings_of(name: str, value: str, known: Person) -> list[str]:
    bare = digits(value)
    if name.endswith("identity"):
        problem = identity_problem(value)
        kind = Field.PERSONAL_NUMBER if is_personal_number(bare) else Field.TAX_CODE
        return [problem] if problem else [one.words for one in findings(kind, bare, known)]
    kind, as_kept = (Field.PHONE, bare) if name == "phone" else (Field.NAME, value)
    if name == "applicant_name":
        return []  # a company's may hold anything
    return [one.words for one in findings(kind, as_kept, known)]


_IF_ANY: Final = "nếu có"
"""Says in the name of a paper that not everybody has it to bring."""


@dataclass(slots=True)
class Paper:
    """One row of the table of papers as typed: texts, so that a wrong one is shown again as it was."""

    name: str
    counts: dict[str, str]
    hint: str = ""
    needed: dict[str, str] = field(default_factory=dict)
    """How many the procedure asks for."""
    source: str = ""
    error: str = ""
    optional: bool = False

    @property
    def lacking(self) -> int:
        """How many of those that everybody has to bring were not brought; a certified one stands for either kind."""
        if self.optional or self.source == "database":
            return 0
        asked = sum(int(typed) for typed in self.needed.values())
        brought = [typed.strip() for typed in self.counts.values()]
        return max(0, asked - sum(int(typed) for typed in brought if typed.isascii() and typed.isdigit()))

    def number(self, kind: str) -> int:
        """Of originals, certified copies or copies; 0 for blanks. ValueError for what is no number."""
        typed = self.counts[kind].strip()
        return int(typed) if typed else 0


@dataclass(slots=True)
class Papers:
    """The papers of a procedure, and others that somebody brings along."""

    listed: list[Paper]
    extra: list[Paper] = field(default_factory=list)
    error: str = ""

    @property
    def all(self) -> list[Paper]:
        """In the order of the rows on the page, which errors name from 1."""
        return [*self.listed, *self.extra]

    @classmethod
    def required_by(cls, procedure: Procedure, case: str = "") -> Papers:
        """As the procedure asks for them in a case, with its own numbers; of what not everybody has to bring, none."""
        listed = []
        for one in procedure.papers(case) or procedure.components:
            needed = {"originals": str(one.originals), "certified": "0", "copies": str(one.copies)}
            hint, optional = _hint(one.originals, one.copies), _IF_ANY in one.name.casefold()
            begun = dict.fromkeys(needed, "0") if optional else dict(needed)
            listed.append(
                Paper(
                    one.name,
                    begun,
                    say("{papers}, nếu có", papers=hint) if optional and hint else hint,
                    needed,
                    optional=optional,
                )
            )
        return cls(listed)

    @classmethod
    def typed_for(cls, procedure: Procedure, typed: Mapping[str, str], case: str = "") -> Papers:
        """As a form says: `originals-0`, `certified-0`, `copies-0` …, and `extra-name-0` …."""
        papers = cls.required_by(procedure, case)
        for place, paper in enumerate(papers.listed):
            paper.counts = {kind: typed.get(f"{kind}-{place}", "0") for kind in KINDS}
            paper.source = source if (source := typed.get(f"source-{place}", "")) in SOURCES else ""
        place = 0
        while (name := typed.get(f"extra-name-{place}")) is not None:
            counts = {kind: typed.get(f"extra-{kind}-{place}", "") for kind in KINDS}
            if text(name) or any(counts.values()):
                papers.extra.append(Paper(text(name), counts))
            place += 1
        return papers

    def validate(self) -> bool:
        """Whether every number is one and something was handed in; says at each row what is not."""
        for place, paper in enumerate(self.all, 1):
            paper.error = _problem_of(paper, place)
        if not any(paper.error for paper in self.all) and not self.handed_in():
            self.error = say("Chưa ghi số bản của giấy tờ nào. Ghi ít nhất một bản.")
        return not self.error and not any(paper.error for paper in self.all)

    def handed_in(self) -> tuple[ReceivedComponent, ...]:
        """Without rows of which there is nothing; what was read in a database is there with 0 of each kind.

        ValueError for a number that is none: `validate` comes first.
        """
        return tuple(
            ReceivedComponent(
                paper.name, **{kind: paper.number(kind) for kind in KINDS}, source=cast(Source, paper.source)
            )
            for paper in self.all
            if any(paper.number(kind) for kind in KINDS) or paper.source == "database"
        )

    @property
    def names_an_outage(self) -> bool:
        """Whether a paper was taken because a database did not answer: then the outage is noted."""
        return any(paper.source == "outage" for paper in self.all)


def _problem_of(paper: Paper, place: int) -> str:
    for typed in paper.counts.values():
        bare = typed.strip()
        if bare and not (bare.isascii() and bare.isdigit() and int(bare) <= MOST):
            return say("Số bản của giấy tờ {n} là số từ 0 đến {most}. Gõ lại số.", n=place, most=MOST)
    if paper.source == "outage" and not any(paper.number(kind) for kind in KINDS):
        return say("Giấy tờ {n}: CSDL sự cố thì nhận bản giấy. Ghi số bản đã nhận.", n=place)
    if paper.source == "database" and any(paper.number(kind) for kind in KINDS):
        return say(
            "Giấy tờ {n} đã khai thác từ CSDL thì không thu bản giấy. Ghi 0, hoặc chọn bản giấy.", n=place
        )
    if not paper.name:
        return say("Giấy tờ {n} chưa có tên. Ghi tên giấy tờ.", n=place)
    return ""


def _hint(originals: int, copies: int) -> str:
    parts = []
    if originals:
        parts.append(say("{count} bản chính", count=originals))
    if copies:
        parts.append(say("{count} bản sao", count=copies))
    return say("Cần {papers}", papers=", ".join(parts)) if parts else ""


def same_as_saved(draft: Draft, received: Any) -> bool:
    """Whether a draft says what was saved under its stream: a button pressed twice, not a second citizen."""
    submitter = None if received.submitter is msgspec.UNSET else received.submitter
    return (draft.procedure, draft.applicant, draft.submitter, draft.components) == (
        received.procedure,
        received.applicant,
        submitter,
        received.components,
    )
