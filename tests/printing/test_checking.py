"""Whether a version of a form may be published: all that come with the program may, and what is wrong is found."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printing.checking import Problem, Shape, Why, overlapping, problems, samples
from printing.forms import Form, Forms
from printing.paper import SHEETS
from printing.raster import Seen, Word, seen
from printing.result import Outcome
from tests.printing.test_papers import Poppler, assert_sound
from tests.proving import Times

DAY: Final = date(2026, 11, 23)
NUMBERS: Final = Forms.shipped().numbers


def found(form: Form, base: Form, *names: str) -> list[tuple[Why, str]]:
    return [(one.why, one.what) for one in problems(form, base, names)]


def changed(form: Form, **changes: object) -> Form:
    return msgspec.structs.replace(form, **changes)


def test_every_form_has_its_samples() -> None:
    """Results too, which are no papers of the spool."""
    assert {"approval", "refusal"} == {one.value for one in Outcome}
    for number in NUMBERS:
        assert [one.shape for one in samples(number)] == list(Shape), number
    assert samples("99") == []


@pytest.mark.parametrize("number", NUMBERS)
def test_what_comes_with_the_program_may_be_published(number: str, forms: Forms) -> None:
    for version in forms.versions(number):
        assert problems(version, version, ["Lạng Sơn", "Sở Xây dựng"]) == []


def test_texts_that_cannot_be_printed_are_found(form01: Form) -> None:
    for text in ("{number", "number}", "[number", "{number}]", "**number", "{num ber}"):
        assert (Why.UNPAIRED, "") in found(changed(form01, hint=text), form01), text
    assert (Why.NO_LETTER, "✆") in found(changed(form01, foot="✆ {number}"), form01)
    assert (Why.NO_LETTER, "\u202e") in found(changed(form01, foot="\u202e{number}"), form01)
    assert found(changed(form01, title="  "), form01) == [(Why.NO_TITLE, "")]


def test_decomposed_letters_are_letters(form01: Form) -> None:
    """A Mac's keyboard."""
    apart = changed(form01, hint="Que\u0301t ma\u0303")
    assert found(apart, form01) == []


def test_a_fact_that_the_paper_does_not_know_is_found_wherever_it_stands(form01: Form) -> None:
    column = form01.columns[0]
    for wrong in (
        changed(form01, foot="{nobody}"),
        changed(form01, before=(*form01.before, ("a", "[{nobody}]"))),
        changed(form01, columns=(changed_column(column, text="{nobody}"), *form01.columns[1:])),
        changed(form01, signatories=(changed_column(form01.signatories[0], role="{nobody}"),)),
    ):
        assert (Why.NO_FACT, "nobody") in found(wrong, form01)
    assert (Why.NO_TABLE, "nothing") in found(changed(form01, table="nothing"), form01)


def changed_column(one: msgspec.Struct, **changes: object) -> msgspec.Struct:
    return msgspec.structs.replace(one, **changes)


def test_what_the_law_wants_said_cannot_be_left_out(forms: Forms) -> None:
    receipt = forms.in_force("EBL01", DAY)
    for name in ("amount_words", "receipt_number", "tax_code"):
        without = tuple(line for line in receipt.before if f"{{{name}}}" not in "".join(line))
        marks = tuple(mark for mark in receipt.marks if f"{{{name}}}" not in mark)
        short = changed(receipt, before=without, marks=marks, foot_further="")
        assert (Why.LEFT_OUT, name) in found(short, receipt)
    notice = forms.in_force("fee-notice", DAY)
    assert (Why.LEFT_OUT, "fees") in found(changed(notice, columns=()), notice)
    assert found(changed(receipt, copies=("Lưu",)), receipt) == [(Why.COPIES, "0")]


def test_no_agency_is_named_however_it_is_written(form01: Form) -> None:
    for text in ("sở xây dựng", "SỞ XÂY DỰNG:", "So\u031b\u0309 Xây  dựng"):
        assert (Why.AGENCY, "Sở Xây dựng") in found(changed(form01, hint=text), form01, "Sở Xây dựng"), text
    assert found(changed(form01, hint="Sở Xây dựngx"), form01, "Sở Xây dựng", "") == []


def test_what_the_law_fixes_is_not_an_administrators_to_change(forms: Forms) -> None:
    receipt = forms.in_force("receipt", DAY)
    for wrong in (
        changed(receipt, in_force_until=None),
        changed(receipt, in_force_from=date(2027, 1, 1)),
        changed(receipt, in_force_until=date(2027, 1, 31)),
    ):
        assert found(wrong, receipt) == [(Why.OVER, "")]
    assert found(changed(receipt, sheet="a4"), receipt) == [(Why.SHAPE, "")]


def test_columns_must_fit_on_the_sheet(form01: Form) -> None:
    room = round(SHEETS[form01.sheet].text_width / 72 * 25.4)
    wide = changed_column(form01.columns[0], width_mm=room)
    assert (Why.TOO_WIDE, "61") in found(changed(form01, columns=(wide, *form01.columns[1:])), form01)
    thin = changed_column(form01.columns[0], width_mm=3)
    assert (Why.NARROW, "TT") in found(changed(form01, columns=(thin, *form01.columns[1:])), form01)


def test_what_comes_out_of_the_printer_is_looked_at(form01: Form) -> None:
    """A hint beside the code that runs into the letterhead: its texts are right, and the paper is not."""
    wrong = problems(changed(form01, hint="Quét mã để tra cứu và kiểm tra giấy này. " * 30), form01)
    assert {one.why for one in wrong} <= {Why.OVERLAP, Why.OUTSIDE}
    assert {one.shape for one in wrong} == set(Shape)
    assert all(one.what for one in wrong)


def test_a_result_without_signatories_has_no_place_to_sign(forms: Forms) -> None:
    approval = forms.in_force("approval", DAY)
    unsigned = changed(
        approval,
        signatories=(),
        before=(*approval.before, "{capacity} {signer}"),
    )
    assert [one.why for one in problems(unsigned, approval)] == [Why.UNSET] * 3


def test_eyes_see_words_and_what_lies_upon_them() -> None:
    upon = Seen(100, 100, (Word("a", 10, 10, 30, 22), Word("b", 25, 12, 40, 24), Word("c", 60, 10, 70, 22)))
    assert [(one.text, other.text) for one, other in overlapping(upon)] == [("a", "b")]


def test_our_eyes_read_what_poppler_reads(forms: Forms, poppler: Poppler) -> None:
    for number in ("01", "06", "ticket"):
        pdf = samples(number)[0].pdf(forms.in_force(number, DAY))
        ours = "".join(word.text for page in seen(pdf) for word in page.words)
        theirs = "".join(poppler("pdftotext", pdf, "-raw").split())
        assert sorted(ours) == sorted(theirs), number


LINES: Final = st.lists(
    st.one_of(
        st.sampled_from(["{applicant}", "**{procedure}**", "[ ({authorisation})]", "{phone}", "{number}"]),
        st.text("aăâ bcđẵệỵ 0", max_size=40),
    ),
    max_size=12,
).map(" ".join)


@pytest.mark.proof
def test_what_may_be_published_is_sound_in_other_eyes(forms: Forms, poppler: Poppler, times: Times) -> None:
    """Whatever an administrator writes into form 01: if the check lets it pass, poppler finds nothing either."""
    base = forms.in_force("01", DAY)
    passed: list[Problem | None] = []

    @settings(max_examples=times(4, 60), deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        lines=st.lists(LINES.filter(str.strip), max_size=12),
        marks=st.lists(LINES, max_size=4),
        place=LINES,
        foot=LINES,
        hint=LINES,
        half_points=st.integers(18, 28),
        width=st.integers(7, 120),
    )
    def check(
        lines: list[str], marks: list[str], place: str, foot: str, hint: str, half_points: int, width: int
    ) -> None:
        columns = (changed_column(base.columns[0], width_mm=width), *base.columns[1:])
        form = changed(
            base,
            before=(*base.before[:3], *lines, *base.before[3:]),
            marks=tuple(marks),
            place_line=place,
            foot=foot,
            hint=hint,
            half_points=half_points,
            columns=columns,
        )
        wrong = problems(form, base)
        passed.extend(wrong or [None])
        for sample in [] if wrong else samples("01"):
            assert_sound(form, poppler("pdftotext", sample.pdf(form), "-bbox"))

    check()
    assert None in passed
