"""The printers of a place: those that its settings name, those that an administrator found and added, and the folder of
PDFs; and which paper comes out where, as people here chose it on the page *Máy in*."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from edge.database import NodeFile
from edge.settings import FOLDER, PrinterKind, PrinterSettings
from edge.tables.node import Fact
from printing.folder import PdfFolder
from printing.papers import ON_A_ROLL
from printing.papers.trial import TrialRoll
from printing.spool import BROWSER, Printer, Printers

_FACT: Final = "printers"
_RESERVED: Final = frozenset({FOLDER.casefold(), BROWSER.casefold()})
_log = logging.getLogger(__name__)


class Chosen(msgspec.Struct, frozen=True):
    """What people here chose: `forms` names a printer for a kind of paper."""

    added: tuple[PrinterSettings, ...] = ()
    forms: dict[str, str] = {}


class _Kept(msgspec.Struct, frozen=True):
    """As it lies in the database, where a version before may have let in what this one does not."""

    added: tuple[msgspec.Raw, ...] = ()
    forms: dict[str, str] = {}


def _readable(raw: msgspec.Raw) -> PrinterSettings | None:
    try:
        return msgspec.json.decode(raw, type=PrinterSettings)
    except msgspec.ValidationError as why:
        _log.warning("a printer that was added on the page can never be reached, and is left out: %s", why)
        return None


def fits(form: str, kind: PrinterKind | None) -> bool:
    """Whether a paper of this form can come out at such a printer; at the folder, which is of no kind, each can."""
    return kind is not PrinterKind.ESCPOS or form in ON_A_ROLL


class PlacePrinters:
    """Reads and keeps what was chosen; every change takes effect at once, through `Spool.printers`."""

    def __init__(self, file: NodeFile, settings: Sequence[PrinterSettings], folder: PdfFolder) -> None:
        self._file, self._settings, self._folder = file, tuple(settings), folder

    def listed(self) -> tuple[PrinterSettings, ...]:
        """All but the folder: those of the settings, then those that were added."""
        return (*self._settings, *self.added())

    def added(self) -> tuple[PrinterSettings, ...]:
        """In the order of their adding, without those whose name the settings have got since."""
        taken = {one.name for one in self._settings}
        return tuple(one for one in self._chosen().added if one.name not in taken)

    def printers(self) -> Printers:
        """With the folder of PDFs; made anew at each call, of what is chosen now."""
        return printers_of(self.listed(), self._folder, self._chosen().forms)

    def taken(self, name: str) -> bool:
        """Whether something here is called so already, whatever the case of its letters."""
        return name.casefold() in _RESERVED | {one.name.casefold() for one in self.listed()}

    def add(self, printer: PrinterSettings) -> None:
        """Instead of one of the same name that was added before."""
        with self._file.write():
            chosen = self._chosen()
            others = (one for one in chosen.added if one.name != printer.name)
            self._keep(msgspec.structs.replace(chosen, added=(*others, printer)))

    def remove(self, name: str) -> bool:
        """Papers that wait for it say so then, and a person chooses another one. False for one that was not added here."""
        with self._file.write():
            chosen = self._chosen()
            left = tuple(one for one in chosen.added if one.name != name)
            forms = {form: printer for form, printer in chosen.forms.items() if printer != name}
            self._keep(Chosen(left, forms))
        return len(left) < len(chosen.added)

    def assign(self, forms: Mapping[str, str]) -> None:
        """Which printer is to print which form from now on; an empty name: whichever the settings say."""
        with self._file.write():
            chosen = self._chosen()
            known = {form: printer for form, printer in {**chosen.forms, **forms}.items() if printer}
            self._keep(msgspec.structs.replace(chosen, forms=known))

    def chosen(self) -> Mapping[str, str]:
        """What was chosen for which form."""
        return self._chosen().forms

    def _chosen(self) -> Chosen:
        with self._file.read():
            row = Fact.get_or_none(Fact.key == _FACT)
        if row is None:
            return Chosen()
        kept = msgspec.json.decode(row.value, type=_Kept)
        return Chosen(tuple(one for raw in kept.added if (one := _readable(raw)) is not None), kept.forms)

    def _keep(self, chosen: Chosen) -> None:
        Fact.insert(key=_FACT, value=msgspec.json.encode(chosen).decode()).on_conflict_replace().execute()


def printers_of(
    settings: Sequence[PrinterSettings], folder: PdfFolder, chosen: Mapping[str, str] | None = None
) -> Printers:
    """The first printer is the one for every form that no other one claims, the first thermal one for those on a roll; the
    folder is always there.

    What was `chosen` for a form goes before, where that printer is still there.
    """
    kinds = {FOLDER: None} | {one.name: one.kind for one in settings}
    free = [one for one in settings if not one.forms]
    sheets = next((one.name for one in free if one.kind is not PrinterKind.ESCPOS), FOLDER)
    roll = next((one.name for one in free if one.kind is PrinterKind.ESCPOS), None)
    by_form = dict.fromkeys(sorted(ON_A_ROLL - {TrialRoll.FORM}), roll) if roll is not None else {}
    for one in settings:
        by_form |= dict.fromkeys(one.forms, one.name)
    by_form |= {
        form: name for form, name in (chosen or {}).items() if name in kinds and fits(form, kinds[name])
    }
    return Printers({FOLDER: folder} | {one.name: _made(one) for one in settings}, sheets, by_form)


def _made(one: PrinterSettings) -> Printer:
    """Libraries of printers are loaded where there is one: a counter that starts must not wait for them."""
    match one.kind:
        case PrinterKind.IPP:
            from printing.ipp import IppPrinter

            return IppPrinter(one.name, one.address)
        case PrinterKind.ESCPOS:
            from printing.escpos import EscPosPrinter

            return EscPosPrinter(one.name, one.address)
