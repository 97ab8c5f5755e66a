"""Vietnamese and English: every sentence that can be said in two languages is, and pages that speak English speak only it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import orjson
from jinja2 import Environment, nodes
from wtforms import HiddenField
from wtforms.fields.choices import SelectFieldBase

import central
import edge
from central.cataloguing import labels
from central.demo.plan import QUEUES
from central.demo.visitor import parse
from central.reports.building import DIMENSIONS, LEVELS
from central.web.cards import RevokeForm, StickForm
from central.web.cataloguing import Answering as Confirming
from central.web.cataloguing import Importing, Proposing
from central.web.desk import Settlement
from central.web.due_check import Check
from central.web.machine import GrantForm
from central.web.paper_forms import PublicPage, Publishing
from central.web.pictures import NewPicture
from central.web.staff import DelegationForm, PersonForm, Reason
from edge.first_run import create_first_run
from edge.ids import Ids
from edge.looks import Language, Looks, keep_looks
from edge.paper import WEEKDAYS
from edge.verdict_words import FIELDS as SIGNED_FIELDS
from edge.verdict_words import HEADLINES, PARTS, PROBLEMS
from edge.web import words
from edge.web.account import Everywhere, HourConfirmed, Look, NewPassword, NewPin
from edge.web.afterwards import Afterwards
from edge.web.again import Again
from edge.web.agencies import Answer as Opinion
from edge.web.agencies import Move, Question
from edge.web.amending import Amendment
from edge.web.appearance import OPEN_PAGES
from edge.web.batch import Signing
from edge.web.calling import PRIORITY
from edge.web.cancelling import Cancelled
from edge.web.contested import BLOCKED, HOW, SETTLES
from edge.web.contested import WARNED as BOUND_BY_NOTHING
from edge.web.correcting import Correction
from edge.web.course import TITLES as ON_THE_WAY
from edge.web.course import Extension, ResumeClock, Stop, StopClock, Supplement
from edge.web.days import NO_DAY, NO_HOUR, NO_MOMENT
from edge.web.dossier import Reprint, Withdrawal
from edge.web.fees import MEDIA, Met, Payable, Refunded, Relieved, Undone
from edge.web.fees import Again as ReceiptAgain
from edge.web.filing import Filing
from edge.web.forms import OLD_PAGE, Form
from edge.web.inbox import Asking
from edge.web.inbox import Refusal as NotReceiving
from edge.web.issuing import WHOSE as PLACES_OF_RECEIPTS
from edge.web.issuing import Issued
from edge.web.keys import KEYS
from edge.web.language import SPEAKS, english
from edge.web.one_step import Closing
from edge.web.petitions import Answering, Petition
from edge.web.petitions import Closing as PetitionClosed
from edge.web.printers import BAD_ADDRESS
from edge.web.printers import Adding as AddingPrinter
from edge.web.printing import TITLES as PRINTED_AT
from edge.web.printing import TROUBLES as PRINTER_TROUBLES
from edge.web.printing import WORDS as PAPERS
from edge.web.printing import Cancelling
from edge.web.reception import MOST, SOURCES, Reception
from edge.web.retelling import WORDS as RETOLD
from edge.web.returning import HandOver
from edge.web.room_forms import Appraisal, Approval, Refusal, Second, SendBack, WithdrawalAnswer
from edge.web.scanning import WHY as UNUSABLE
from edge.web.scanning import Adding
from edge.web.sealing import Numbering, Stamping
from edge.web.sign_in import PasswordSignIn, SignIn
from edge.web.status_line import _problems, _still_works
from edge.web.till import Counted, Opened
from edge.web.timing import WAITS
from edge.web.turned_away import FORMS as TURNED_AWAY
from edge.web.turned_away import SPANS, WHOSE_HERE
from edge.web.turning_away import Why
from edge.web.verifying import Upload
from edge.web.viewing import PAGES as SHOWN_ON
from edge.web.viewing import Search
from edge.web.worklists import LISTS_HERE, WHOSE
from printing.spool import PrintJob
from schemas.acts import BY_KIND
from schemas.conflicts import FOLLOWS, REFUND, TABLE
from schemas.deadlines import WHY_NOT_COUNTED
from schemas.identity import RULES, Field
from schemas.owing import NAMES as FEES
from tests.centres import MONDAY, SEALED, SmallCentre
from tests.pages import SIGHTS, a_full_day
from tests.portal import PDF
from tests.web.clerk import CARD, Answer, Clerk

FOLDERS = [Path(str(one.__file__)).parent for one in (edge, central)]
TEMPLATES = [page for folder in FOLDERS for page in sorted((folder / "templates").glob("*.html"))]
SPOKEN = [page for page in TEMPLATES if not page.name.startswith("kiosk")]
"""The kiosk has words of its own, in both languages (`edge.web.kiosk_words`)."""
MODULES = [module for folder in FOLDERS for module in sorted((folder / "web").glob("*.py"))]
MODULES += [FOLDERS[0] / "first_run.py", *(FOLDERS[1] / name for name in ("alarm_words.py", "reach.py"))]
MODULES.append(FOLDERS[0] / "verdict_words.py")
MODULES += sorted((FOLDERS[1] / "cataloguing").glob("*.py"))
TABLES = [
    FOLDERS[0] / "web" / name
    for name in (
        *("slip.py", "trouble.py", "errors.py", "filing.py", "due_moment.py", "acts.py"),
        *("showing.py", "clock_story.py", "second.py", "returning.py", "correcting.py", "course.py"),
        *("one_step.py", "room.py", "room_forms.py", "sealing.py", "batch.py", "timing.py"),
        *("folders.py",),
        *("agencies.py", "workplace.py", "inbox.py", "held.py", "exchange.py", "courier.py", "merging.py"),
        *("petitions.py", "scores.py", "viewing.py"),
    )
]
TABLES += [FOLDERS[0] / "first_run.py", *(FOLDERS[1] / name for name in ("alarm_words.py", "reach.py"))]
TABLES += [
    FOLDERS[1] / "web" / name
    for name in (
        *("desk.py", "consequences.py", "due_check.py", "lacking.py", "nodes.py", "machine.py", "cards.py"),
        *("enrolling.py", "succession.py", "trust.py", "outlet.py", "redacting.py", "application_forms.py"),
        *("reference.py", "personal.py", "paper_forms.py"),
    )
]
SAYING = {"say": 0, "tell": 0, "say_as": 1}
"""The functions that say a sentence, and which of what they are given it is."""
SAID = r"(?:say|tell|say_as)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
NOT_SAID = frozenset({"hẻ ký số", "hẻ con dấu", "anh/chị", "thứ Bảy", "Chủ nhật"})
"""Parts of words, which a sentence changes before it is shown."""
VIETNAMESE_PAGES = frozenset(
    {
        *("personal.register",),
    }
)
"""The pages that are still in Vietnamese where English was chosen: the list only shrinks."""
VIETNAMESE_TEMPLATES = frozenset(
    {
        *("personal_file", "personal_readable", "processing"),
    }
)
"""The templates that still have words of their own in Vietnamese."""
FORMS: tuple[type[Form], ...] = (
    *(SignIn, PasswordSignIn, NewPin, NewPassword, Everywhere, HourConfirmed, Look),
    *(Filing, Petition, Reception, NewPicture),
    *(Appraisal, Approval, Refusal, WithdrawalAnswer, Second, SendBack, Signing, Numbering, Stamping),
    *(Withdrawal, Reprint, HandOver, Cancelled, Amendment, Correction),
    *(Supplement, Extension, Stop, StopClock, ResumeClock, Closing, Why, Adding),
    *(Again, Afterwards, Cancelling, AddingPrinter),
    *(Payable, Relieved, Undone, Refunded, Met, ReceiptAgain, Opened, Counted, Issued, Upload),
    *(Move, Question, Opinion, NotReceiving, Asking),
    *(Answering, PetitionClosed, Search, Settlement, Check),
    *(StickForm, RevokeForm, GrantForm, PersonForm, DelegationForm, Reason),
    *(Proposing, Confirming, Importing, Publishing, PublicPage),
)
"""The forms of the pages that speak English."""
WARNED = (Field.PERSONAL_NUMBER, Field.TAX_CODE, Field.PHONE, Field.NAME)
"""The fields of a reception beside which it is said what looks wrong."""
OURS = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)


def said_in_templates() -> Iterator[str]:
    for page in SPOKEN:
        tree = Environment().parse(page.read_text(encoding="utf-8"))  # noqa: S701 - nothing is rendered
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in SAYING:
                yield from _of_template(call.args[SAYING[call.node.name]])


def _of_template(node: nodes.Node) -> Iterator[str]:
    """What an expression can be: not what it compares, nor the keys of a table."""
    match node:
        case nodes.Const(value=str() as text):
            yield text
        case nodes.CondExpr(expr1=first, expr2=second):
            for one in filter(None, (first, second)):
                yield from _of_template(one)
        case nodes.Getitem(node=nodes.Dict(items=pairs)):
            for pair in pairs:
                yield from _of_template(pair.value)
        case _:
            pass


def said_in_modules() -> Iterator[str]:
    for module in MODULES:
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYING:
                yield from _of_code(call.args[SAYING[call.func.id]])


def _of_code(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp(body=first, orelse=second):
            yield from _of_code(first)
            yield from _of_code(second)
        case _:
            pass


def said_in_tables() -> Iterator[str]:
    """All Vietnamese of a module whose words go through `say` where they are shown."""
    for module in TABLES:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        yield from (text for text in _constants(tree) if OURS.search(text) and text not in NOT_SAID)


def _constants(node: ast.AST) -> Iterator[str]:
    """Strings, but no docstrings."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _constants(child)


def said_by_forms(clerk: Clerk) -> Iterator[str]:
    """Labels, choices and what validators say."""
    with clerk.pages.test_request_context("/"):
        for kind in FORMS:
            form = kind(formdata=None)
            for field in form._fields.values():
                if isinstance(field, HiddenField):
                    continue
                yield field.label.text
                if isinstance(field, SelectFieldBase):
                    yield from (str(one.label) for one in field.choices or ())
                yield from (one.message for one in field.validators if getattr(one, "message", None))


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_has_its_english_with_the_same_facts() -> None:
    said, known = {*said_in_templates(), *said_in_modules()}, english()
    assert len(said) > 100, "the sentences are not found any more"
    assert sorted(said - known.keys()) == []
    wrong = [one for one, forms in known.items() if any(facts(form) != facts(one) for form in forms)]
    assert wrong == []


def test_nothing_is_translated_that_nobody_says(centre: SmallCentre) -> None:
    """And what is said by way of a table or a form is translated too: titles, keys, roles, labels, mistakes."""
    tables = (
        {meaning for _, meaning in KEYS} | set(words.ROLES.values()) | set(WEEKDAYS) | {*said_in_tables()}
    )
    tables |= set(words.STATUS.values()) | set(words.LIMITS.values()) | set(WHY_NOT_COUNTED.values())
    tables |= {act.title for act in BY_KIND.values()} | {row.title for row in TABLE if row.name in HOW}
    tables |= {*HOW.values(), *filter(None, SETTLES.values()), *BLOCKED.values()}
    tables |= {*words.METHODS.values(), *words.AGREES.values(), *words.MONEY.values(), *WAITS.values()}
    tables |= {*ON_THE_WAY.values(), *(title for title, _ in RETOLD.values())}
    tables |= {*SPANS.values(), *TURNED_AWAY.values(), *(one.label for one in WHOSE_HERE)}
    tables |= {*MEDIA.values(), *FEES.values(), *(one.label for one in PLACES_OF_RECEIPTS)}
    tables |= {*HEADLINES.values(), *PARTS.values(), *PROBLEMS.values(), *SIGNED_FIELDS.values()}
    tables |= {NO_DAY, NO_HOUR, NO_MOMENT, *BAD_ADDRESS.values()}
    tables |= {*PRINTER_TROUBLES.values(), *PRINTED_AT.values(), *PAPERS.values()}
    tables |= {title for _, title in OPEN_PAGES} | {OLD_PAGE} | {*filter(None, PRIORITY.values())}
    tables |= {part for one in LISTS_HERE for part in (one.title, one.group, one.column, one.nothing)}
    tables |= {rule.words for rule in RULES if rule.field in WARNED} | set(SOURCES.values())
    tables |= {one.label for one in WHOSE} | set(UNUSABLE.values()) | set(LEVELS.values())
    tables |= (
        set(DIMENSIONS.values()) | set(BOUND_BY_NOTHING.values()) | {one.words for one in (*FOLLOWS, REFUND)}
    )
    tables |= set(SHOWN_ON.values())
    tables |= {one for kind in labels.MEMBERS.values() for one in kind.values()} | {*labels.KINDS.values()}
    tables |= {*labels.HINTS.values(), *labels.PATTERNS.values(), *labels.CHOICES.values()}
    for node in ("central", "counter-01", "room-01"):
        clerk = Clerk(centre, node)
        tables |= {entry.title for entry in clerk.pages.extensions["motcua"].entries}
        tables |= set(said_by_forms(clerk))
    assert sorted(tables - english().keys()) == []
    spoken = {*said_in_templates(), *said_in_modules(), *tables, *_inside(_problems), *_inside(_still_works)}
    spoken |= _told_by_templates() | {named for named in english() if named.rpartition("\x04")[2] in spoken}
    assert sorted(english().keys() - spoken) == []


def _inside(function: object) -> set[str]:
    """The words that a function keeps in a table of its own."""
    code = function.__code__  # type: ignore[attr-defined]
    found: set[str] = set()
    for one in code.co_consts:
        found |= {part for part in (one if isinstance(one, tuple) else (one,)) if isinstance(part, str)}
        found |= (
            {x for part in one if isinstance(part, tuple) for x in part} if isinstance(one, tuple) else set()
        )
    return found


def _told_by_templates() -> set[str]:
    """What a template keeps in a table, or hands to a macro that says it; and what the sign-in says of a mistake."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in TEMPLATES)
    text += "\n".join(module.read_text(encoding="utf-8") for module in MODULES)
    made = {"Mã PIN chưa đúng. Gõ lại mã PIN.", "Mật khẩu chưa đúng. Gõ lại mật khẩu."}
    made |= {f"Số bộ hồ sơ là số từ 1 đến {MOST}. Gõ lại số."}
    return {one for one in english() if f'"{one}"' in text} | made


def test_a_page_that_speaks_english_speaks_only_english(centre: SmallCentre) -> None:
    """But for what people have written: names, titles, places."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open("/me"), "/me/looks", language="en")
    written = sorted(_written(clerk.node.catalog.latest), key=len, reverse=True)
    for path in ("/me", "/me/pin", "/me/password", "/me/hour", "/keys", "/keys?part=1", "/status"):
        page = clerk.open(path)
        assert page.status == 200
        if "part" not in path and path != "/status":
            assert '<html lang="en"' in page.html
        assert _vietnamese(page.html, written) == [], path


def test_no_part_of_a_page_in_english_is_left_in_vietnamese() -> None:
    """Not where a page comes to only on a bad day either: outside of tables all words go through `say`."""
    left = []
    for page in SPOKEN:
        text = page.read_text(encoding="utf-8")
        for gone in (r"(?s)\{#.*?#\}", SAID, r'"[^"]*"'):
            text = re.sub(gone, "", text)
        words_of_its_own = [one.strip() for one in re.split(r"[<>{}\n]", text) if OURS.search(one)]
        if page.stem in VIETNAMESE_TEMPLATES:
            assert words_of_its_own, f"{page.stem} is in English: take it off the list"
        else:
            left += [(page.stem, one) for one in words_of_its_own]
    assert left == []


def test_the_pages_that_are_left_in_vietnamese_are_known() -> None:
    looked_at = {one.endpoint for one in SIGHTS}
    left = {one for one in looked_at if SPEAKS.isdisjoint({one, one.partition(".")[0]})}
    assert left == VIETNAMESE_PAGES


def test_a_page_that_is_not_translated_speaks_vietnamese_inside_an_english_frame(centre: SmallCentre) -> None:
    left = [one for one in SIGHTS if one.endpoint in VIETNAMESE_PAGES and "{" not in one.path]
    for sight in left[:1]:
        assert sight.person is not None
        clerk = Clerk(centre, sight.node, sight.person)
        clerk.press(clerk.open("/me"), "/me/looks", language="en")
        page = clerk.open(sight.path)
        assert '<html lang="vi"' in page.html
        assert '<header class="bar" lang="en"' in page.html
        assert "Find" in page.page.text


def test_what_staff_see_in_english_is_english_on_a_full_day(centre: SmallCentre) -> None:
    """Every page of the table that speaks English, and what it says when something is wrong or missing."""
    day = a_full_day(centre)
    wrong: list[tuple[str, list[str]]] = []
    for node, person in dict.fromkeys((one.node, one.person) for one in SIGHTS if one.person):
        assert person is not None
        keep_looks(centre[node].file, person, Looks(language=Language.ENGLISH))
        clerk = Clerk(centre, node, person)
        written = sorted(_written(clerk.node.catalog.latest), key=len, reverse=True)
        paths = [
            one.path.format(**day)
            for one in SIGHTS
            if (one.node, one.person) == (node, person)
            and not SPEAKS.isdisjoint({one.endpoint, one.endpoint.split(".")[0]})
        ]
        if "/lists" in paths:
            paths += [f"/lists?list={one.name}" for one in LISTS_HERE]
            paths += [
                "/queue?ticket=A1",
                "/queue?ticket=B2",
                "/queue?ticket=zz9",
                "/queue?ticket=Q1",
                "/queue?ticket=C9",
            ]
        pages = [(path, clerk.open(path)) for path in paths]
        if "/find" in paths:
            pages += [(term, clerk.find(term)) for term in ("nong", "khong co ai", "H37.07-270301-990001")]
        if "/verify" in paths:
            result = clerk.download(f"/dossier/{day['returned']}/result.pdf")
            pages += [
                (name, clerk.send(clerk.open("/verify"), "/verify", "paper", content, name))
                for name, content in (("ket-qua.pdf", result), ("don.pdf", PDF))
            ]
        for path, page in pages:
            assert page.status == (422 if path == "don.pdf" else 200), path
            assert '<html lang="en"' in page.html, path
            title = re.search(r"<title>[^<]*</title>", page.html)
            assert title, f"{path}: a title has no markup"
            found = _vietnamese(page.html.replace(title[0], title[0].replace("Nông Văn Thắng", "")), written)
            wrong += [(path, found)] if found else []
    assert wrong == []


def test_a_whole_reception_in_english(centre: SmallCentre) -> None:
    """Looked at, found wrong, and saved: with a holiday in its time, an earlier dossier, and a queue beside it."""
    centre.receive()
    node = centre["counter-01"]
    keep_looks(node.file, "hanh.nh", Looks(language=Language.ENGLISH))
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    written = sorted(_written(node.catalog.latest), key=len, reverse=True)
    for _ in range(2):
        node.hall.take(QUEUES[0])
    node.hall.call_next("", "served", by="hanh.nh")
    empty = clerk.open("/counter")
    looked = clerk.reception()
    wrong = clerk.press(
        looked, "stream", ("act", "save"), phone="1", email="?", sets="0", notify="y",
        **{"originals-0": "x", "source-1": "outage", "extra-originals-0": "1"},
    )  # fmt: skip
    kinds = {"personal": "012345678901", "tax": "0100109107", "neither": "12"}
    warned = [
        clerk.press(empty, "stream", ("act", "look"), identity=one, name="A1") for one in kinds.values()
    ]
    for page in (empty, looked, wrong, *warned, clerk.open("/counter/procedures?q=xyzxyz")):
        assert _vietnamese(page.html, written) == [], page.page.text
    assert wrong.status == 422
    for said in ("Save and print 2 copies", "Due", "Perhaps the same:", "Done, call A-002"):
        assert said in looked.page.text
    for said in ("A telephone number has 10 digits", "The number of paper 1 is from 0 to 99", "has no name"):
        assert said in wrong.page.text
    assert clerk.press(looked, "stream", ("act", "save")).status == 303


class _Visitor:
    """Somebody from abroad at a public page of central."""

    def __init__(self, centre: SmallCentre) -> None:
        self.clerk = Clerk(centre, "central")
        self.written = sorted(_written(self.clerk.node.catalog.latest), key=len, reverse=True)

    def reads(self, page: Answer, *words: str) -> None:
        assert '<html lang="en"' in page.html
        assert _vietnamese(page.html, self.written) == [], page.page.text
        for one in words:
            assert one in page.page.text


def test_a_visitor_reads_every_public_page_in_english(centre: SmallCentre) -> None:
    """Chosen once, by a link on the page; what the catalog and people say stays as they wrote it, and is marked."""
    received, late = centre.receive(), centre.receive(procedure=SEALED)
    centre.meet()
    visitor = _Visitor(centre)
    clerk = visitor.clerk
    assert '<html lang="vi"' in clerk.open("/procedures").html
    visitor.reads(clerk.open("/procedures?language=en"), "Administrative procedures", "working days")
    visitor.reads(clerk.open("/procedures?q=xay+dung"), "procedures with “xay dung”")
    visitor.reads(clerk.open("/procedures?q=xyzxyz"), "No procedure matches “xyzxyz”.")
    for one in clerk.node.catalog.latest.procedures(centre.clock().date()):
        visitor.reads(clerk.open(f"/procedures/{one.code}"), "Time limit")

    assert received.received is not None
    ask = clerk.open("/look-up")
    visitor.reads(ask, "Look up a dossier")
    visitor.reads(clerk.press(ask, "/look-up", number="?", four=""), "That is no dossier number")
    visitor.reads(
        clerk.press(ask, "/look-up", number=received.received.number, four="1111"), "No dossier fits"
    )
    told = clerk.press(ask, "/look-up", number=received.received.number, four="0345")
    visitor.reads(told, "Received", "Due", "Monday")
    assert 'href="/look-up?language=vi"' in told.html, "an answer is asked for again"

    petition = clerk.open("/petition")
    visitor.reads(petition, "The centre answers within 10 working days.")
    visitor.reads(clerk.press(petition, "content"), "Write what you want to say.")
    filed = clerk.press(petition, "content", content="The queue is long.", name="Ann Lee")
    visitor.reads(filed, "Received. Its number:")
    number = re.search(r"PA-[0-9A-Z-]+", filed.page.text)
    assert number is not None
    visitor.reads(
        clerk.press(petition, "/petition/answer", number="PA-1"), "No petition has this number here."
    )
    visitor.reads(clerk.press(petition, "/petition/answer", number=number[0]), "Being looked into.")

    for dossier, node in ((received, "counter-01"), (late, "counter-01")):
        with centre[node].file.read():
            code = str(
                orjson.loads(bytes(PrintJob.get(PrintJob.stream == dossier.stream).payload))["qr_text"]
            )
        visitor.reads(
            clerk.press(clerk.open("/slip"), "/slip", code=code), "Receipt slip: genuine.", "Status"
        )
    visitor.reads(clerk.press(clerk.open("/slip"), "/slip", code="MC1~?"), "This is no code of a paper")

    visitor.reads(clerk.post("/petition", {"content": "no token"}), "The page had been open for long")
    assert '<html lang="vi"' in clerk.open("/petition?language=vi").html
    assert '<html lang="vi"' in clerk.open("/procedures").html


def test_a_visitor_files_reads_figures_and_the_board_in_english(centre: SmallCentre) -> None:
    """What was chosen on one page holds for the next; the board speaks what its address says."""
    visitor = _Visitor(centre)
    clerk = visitor.clerk
    visitor.reads(clerk.open("/figures?language=en"), "Dossiers received", "Share")
    page = clerk.open("/file/1.000703")
    visitor.reads(page, "File a dossier online", "Other papers")
    wrong = clerk.press(page, "/file/1.000703", ("act", "file"), identity="0200850041", email="?")
    visitor.reads(wrong, "Not filed", "The check digit of this tax code is wrong.", "No file was chosen.")
    assert 'href="/file/1.000703?language=vi"' in wrong.html
    filed = clerk.send(
        page, "/file/1.000703", "file-0", PDF, "don.pdf", identity=CARD, phone="0912000345", act="file"
    )
    done = clerk.follow(filed)
    visitor.reads(done, "Filed. Its code:", "not received yet")
    code = re.search(r"NT-[0-9A-Z-]+", done.page.text)
    assert code is not None
    visitor.reads(clerk.press(done, "/filed", code=code[0]), "Waiting for a counter to receive it.")
    visitor.reads(clerk.press(done, "/filed", code="NT-1"), "No dossier here has this code.")
    visitor.clerk = board = Clerk(centre, "counter-01")
    visitor.reads(board.open("/board?lang=en"), "No number is called yet.")
    first = board.node.hall.take(QUEUES[0])
    board.node.hall.take(QUEUES[0])
    board.node.hall.call(first.stream, "", "", by="hanh.nh")
    visitor.reads(board.open("/board?lang=en"), "please go to", "1 person")
    assert "lang=en" in board.open("/board?lang=en&polled=1").html
    assert "Mời số" in board.open("/board").page.text


def test_a_machine_without_a_card_speaks_english_to_whoever_chooses_it(tmp_path: Path) -> None:
    """On the page, and in its answers to what is wrong."""
    client = create_first_run(tmp_path / "counter-03", 8603, Ids()).test_client()
    accepts = {"Accept": "text/html"}
    assert "chưa có thẻ" in client.get("/", headers=accepts).text
    asked = client.get("/?language=en", headers=accepts)
    token = parse("/", asked.text).form("/enrol").fields["csrf_token"]
    empty = client.post("/enrol", data={"csrf_token": token}, headers=accepts)
    for answer in (asked, empty, client.post("/card", data={}, headers=accepts)):
        assert '<html lang="en">' in answer.text
        assert _vietnamese(answer.text, ["Tiếng Việt"]) == []
    assert "Type the code." in empty.text


def test_the_kiosk_speaks_english_to_its_last_word(centre: SmallCentre) -> None:
    visitor = _Visitor(centre)
    clerk = visitor.clerk = Clerk(centre, "counter-01")
    turn = clerk.node.hall.take(QUEUES[0])
    for path in (
        "",
        "/look-up",
        "/petition",
        "/procedures",
        "/procedures/1.000703",
        "/rate",
        f"/ticket/{turn.stream}",
    ):
        visitor.reads(clerk.open(f"/kiosk{path}?lang=en"))
    visitor.reads(clerk.open("/kiosk/procedures?lang=en&q=xay"))
    visitor.reads(clerk.open("/rating?lang=en"))


def _vietnamese(html: str, written: list[str]) -> list[str]:
    """What a page says in Vietnamese outside of what is marked so, in its words and in what a screen reader hears."""
    reader = _Tongues()
    reader.feed(html)
    reader.close()
    text = " | ".join(reader.said)
    for known in written:
        text = text.replace(known, "")
    return [one for one in text.split(" | ") if OURS.search(one)]


class _Tongues(HTMLParser):
    """The words of a page that are not inside of `lang="vi"`."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        members = dict(attrs)
        speaks = members.get("lang") or ("vi" if self._open and self._open[-1][1] else "en")
        foreign = speaks == "vi" or tag in ("script", "style")
        if not foreign:
            self.said += [
                members[name] or ""
                for name in ("title", "aria-label", "placeholder", "alt")
                if name in members
            ]
        if tag not in ("input", "meta", "link", "br", "img", "hr", "use", "path", "col", "wbr"):
            self._open.append((tag, foreign))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]):
            self.said.append(data)


def test_signing_in_speaks_the_language_of_whoever_was_there_last(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open("/me"), "/me/looks", language="en")
    clerk.press(clerk.open("/me"), "/me/sign-out")
    page = clerk.open("/sign-in")
    assert "Who are you" in page.page.text
    wrong = clerk.press(page, "/sign-in", person="hanh.nh", pin="000000")
    assert "That is not the PIN. Type it again." in wrong.page.text
    assert "Anh/chị là ai" in Clerk(centre, "counter-01").open("/sign-in").page.text


def _written(view: object) -> set[str]:
    """Names and titles in the catalog."""
    centre = view.centre()  # type: ignore[attr-defined]
    people = [part for one in view.people() for part in (one.name, one.title)]  # type: ignore[attr-defined]
    queues = [queue.name for queue in QUEUES]
    procedures = [one.name for one in view.procedures(MONDAY.date())]  # type: ignore[attr-defined]
    places = [card.title for card in view.cards()]  # type: ignore[attr-defined]
    agencies = [one.name for one in view.agencies()]  # type: ignore[attr-defined]
    return {*people, *places, *queues, *procedures, *agencies, centre.name, "Tiếng Việt"}
