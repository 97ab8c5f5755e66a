"""The printers of a node, as its settings name them; a node without any prints into its folder of PDFs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge.settings import PrinterKind, PrinterSettings
from printing.folder import PdfFolder
from printing.spool import Printer, Printers

FOLDER: Final = ""
"""The name of the folder of PDFs."""


def printers_of(settings: Sequence[PrinterSettings], folder: PdfFolder) -> Printers:
    """The first printer is the one for every form that no other one claims; the folder is always there."""
    by_name: dict[str, Printer] = {FOLDER: folder}
    by_form: dict[str, str] = {}
    for one in settings:
        by_name[one.name] = _made(one)
        by_form |= dict.fromkeys(one.forms, one.name)
    standard = next((one.name for one in settings if not one.forms), FOLDER)
    return Printers(by_name, standard, by_form)


def _made(one: PrinterSettings) -> Printer:
    """Libraries of printers are loaded where there is one: a counter that starts must not wait for them."""
    match one.kind:
        case PrinterKind.IPP:
            from printing.ipp import IppPrinter

            return IppPrinter(one.name, one.address)
        case PrinterKind.ESCPOS:
            from printing.escpos import EscPosPrinter

            return EscPosPrinter(one.name, one.address)
