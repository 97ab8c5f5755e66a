"""Every kind of paper that the centre gives out, except results (`printing.result`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from printing.content import Paper
from printing.papers.course import (
    ControlSlip,
    Extension,
    HandOver,
    Register,
    RegisterPad,
    ResultList,
    Suspension,
    TakeBack,
)
from printing.papers.hall import LookUpSlip, PetitionSlip, ProcedureSheet, Sticker, Ticket
from printing.papers.money import CashSummary, ElectronicReceipt, FeeNotice, PaperReceipt, ProvisionalSlip
from printing.papers.reception import (
    ElectronicSlip,
    ListSlip,
    NotReceived,
    ReceiptSlip,
    SlipPad,
    SupplementRequest,
)
from printing.papers.reports import Report06a
from printing.papers.trial import TrialPage, TrialRoll

ON_A_ROLL: Final = frozenset(
    (Ticket.FORM, PetitionSlip.FORM, LookUpSlip.FORM, ProvisionalSlip.FORM, TrialRoll.FORM)
)
"""What a thermal printer can print; all others are sheets."""

KINDS: Final[Mapping[str, type[Paper]]] = {
    kind.FORM: kind
    for kind in (
        ReceiptSlip,
        ElectronicSlip,
        ListSlip,
        SlipPad,
        SupplementRequest,
        NotReceived,
        Extension,
        Suspension,
        ControlSlip,
        Register,
        RegisterPad,
        HandOver,
        TakeBack,
        ResultList,
        FeeNotice,
        PaperReceipt,
        ElectronicReceipt,
        ProvisionalSlip,
        CashSummary,
        Ticket,
        PetitionSlip,
        LookUpSlip,
        ProcedureSheet,
        Sticker,
        Report06a,
        TrialPage,
        TrialRoll,
    )
}
"""Papers by the number of their form."""
