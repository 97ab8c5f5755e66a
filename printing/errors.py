"""What can go wrong between a fact and its paper.

PrintError
├── FormError
│   ├── NoFormInForce       no version of this form is in force on that day
│   └── BadForm             a form names a field that its paper does not have, or cannot be read
├── UnreadableJob           the spooled data is not what its form needs
├── RenderingStopped        a process of its own could not set a paper; it says why
├── UnreadablePicture       a signature or seal that is no picture
├── UnfitPicture            a picture that is none of a signature or seal; `why` says what is wrong with it
├── TooMuchForQr            more text than a QR code of a readable size can carry
├── TooWide                 a sheet, before a printer that has a roll
└── PrinterError
    ├── PrinterUnavailable  nothing came out; it may be tried again
    └── OutcomeUnknown      something may have come out; a person must look
"""

from datetime import date


class PrintError(Exception):
    """Anything this folder refuses or cannot do."""


class FormError(PrintError):
    """The form, not the dossier, is the reason."""


class NoFormInForce(FormError):
    """The catalog has no version of form `number` for the Vietnamese day `day`."""

    def __init__(self, number: str, day: date) -> None:
        super().__init__(f"no version of form {number} is in force on {day.isoformat()}")
        self.number = number
        self.day = day


class BadForm(FormError):
    """The catalog's form cannot be laid out."""

    def __init__(self, number: str, why: str) -> None:
        super().__init__(f"form {number}: {why}")
        self.number = number
        self.why = why


class UnreadableJob(PrintError):
    """What was spooled is no paper of this form that this version knows."""

    def __init__(self, form: str, why: str) -> None:
        super().__init__(f"the spooled data of form {form} cannot be read: {why}")
        self.form = form
        self.why = why


class RenderingStopped(PrintError):
    """The process that sets the paper ended, or took too long."""

    def __init__(self, form: str, why: str) -> None:
        super().__init__(f"form {form} cannot be set: {why}")
        self.form = form
        self.why = why


class UnreadablePicture(PrintError):
    """It is no picture that Pillow reads."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the picture cannot be read: {why}")
        self.why = why


class UnfitPicture(PrintError):
    """`why` is one of: kind, damaged, small, large, ground, empty, colour, shape."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the picture cannot be used: {why}")
        self.why = why


class TooMuchForQr(PrintError):
    """`length` and `limit` in bytes."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} bytes do not fit into a QR code that reads at 203 dpi (limit {limit})")
        self.length = length
        self.limit = limit


class TooWide(PrintError):
    """Nothing came out. `width` and `limit` in dots."""

    def __init__(self, printer: str, width: int, limit: int) -> None:
        super().__init__(f"{printer}: a paper of {width} dots is wider than its roll ({limit})")
        self.width = width
        self.limit = limit


class PrinterError(PrintError):
    """The printer's side. `why` is the printer's or the system's own reason."""

    def __init__(self, printer: str, why: str) -> None:
        super().__init__(f"{printer}: {why}")
        self.printer = printer
        self.why = why


class PrinterUnavailable(PrinterError):
    """Nothing came out, for certain: the job may be tried again."""


class OutcomeUnknown(PrinterError):
    """The job was handed over and nobody can tell whether paper came out."""
