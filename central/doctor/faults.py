"""The faults that `motcua doctor` knows: of each what is safe, and what to do. Pure; docs/faults.md is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

SAVED: Final = "Everything that was called saved is on this machine's disk."
GOES_ON: Final = "The machine works on; nothing is lost."
NOTHING: Final = "Nothing was changed by the failed start."


@dataclass(frozen=True, slots=True)
class Fault:
    """`urgent`: people are kept from their work, or data are in danger."""

    what: str
    safe: str
    todo: str
    urgent: bool = True


class Finding(msgspec.Struct, frozen=True):
    """A fault of one node. `seen`: what just this machine shows of it."""

    node: str
    fault: str
    what: str
    seen: str
    safe: str
    todo: str
    urgent: bool


FAULTS: Final = {
    # the folder
    "settings": Fault(
        "The settings are wrong.",
        NOTHING,
        "Correct the line that is named, and start the node (docs/settings.md).",
    ),
    "no-card": Fault(
        "This machine has no keys, or no card.",
        "Nothing: it has never worked.",
        "Make a code at central; give it on this machine's first page, or by `motcua enrol` (docs/enrolment.md).",
    ),
    "foreign-files": Fault(
        "Files of the node belong to another user: a command was given as root.",
        SAVED,
        "`chown -R` the folder to its user, and give commands as that user (`sudo -u motcua motcua …`).",
    ),
    "key": Fault(
        "The folder is closed, and its key is not there or is another.",
        "All data are there, closed.",
        "Bring the key: `key_file` in the settings, or systemd's credential `motcua-key` (docs/security.md).",
    ),
    "damaged": Fault(
        "A database cannot be read.",
        "What central and the neighbours hold, and the last backup.",
        "Do not start the node. Copy the folder away as it is, then replace the machine (docs/outages.md).",
    ),
    "log-damaged": Fault(
        "The log beside a database is damaged: the next start would drop what was saved after that.",
        "All before the damage; what central and the neighbours hold.",
        "Do not start the node. Copy the folder away as it is, and let `motcua verify` and `motcua rescue` read it.",
    ),
    "newer": Fault(
        "The database was written by a newer version.",
        SAVED,
        "Install that version again; an older one cannot go on.",
    ),
    "disk-low": Fault(
        "The disk fills: less than a tenth is free.", GOES_ON, "Make room, or a larger disk.", urgent=False
    ),
    "disk-full": Fault(
        "The disk is nearly full: no act is saved any more.",
        f"{SAVED} It can be read and printed, and goes on to central.",
        "Make room now: old backups, foreign files.",
    ),
    "projections": Fault(
        "PostgreSQL does not answer, or nobody fills it: pages are answered by central's own file.",
        GOES_ON,
        "Start PostgreSQL, correct `projections` in the settings, or look into central's log why projectors end"
        " (docs/projections.md).",
        urgent=False,
    ),
    "documents": Fault(
        "CouchDB, in which the documents lie, is out of reach: no machine reaches central.",
        "All that it has acknowledged, and central's copy of it. Central's pages go on; machines work by themselves, and send"
        " when it is back.",
        "Start CouchDB, or correct `[couchdb]` in the settings (docs/cluster.md).",
    ),
    "backup-old": Fault(
        "There is no backup of this machine from the last two days, though its settings ask for them.",
        "What central and the neighbours hold, and the backups before.",
        "`systemctl status motcua-backup@NAME` says why the last one was not made: a disk that is full, or not in"
        " (docs/outages.md).",
        urgent=False,
    ),
    "files-low": Fault(
        "The node has nearly as many files and connections open as it may.",
        GOES_ON,
        "Start the node again; if it comes back, raise `LimitNOFILE` of its unit, and keep its journal: it may be a mistake of"
        " the program.",
    ),
    "scans": Fault(
        "The scanner's folder is not there, or may not be read.",
        GOES_ON,
        "Mount or make it, and let the user of the node read and write it (`scans` in the settings).",
        urgent=False,
    ),
    "token-module": Fault(
        "The library of a signing device is not there.",
        "Receiving, appraising and returning go on; nothing was signed.",
        "Install the maker's package, or correct `module` in the settings.",
    ),
    # the process
    "stopped": Fault(
        "The node does not run.",
        SAVED,
        "Start it (`systemctl start motcua-edge@NAME`); if it ends again, `journalctl -u motcua-edge@NAME` says why.",
    ),
    "port-taken": Fault(
        "Another program has the node's port.", NOTHING, "Stop that program, or choose another `port`."
    ),
    "no-address": Fault(
        "The address at which the node should serve is none of this machine.",
        NOTHING,
        "Look the address up (`ip address`), and correct `host`.",
    ),
    "silent": Fault(
        "The node runs, but does not answer.",
        SAVED,
        "Wait a minute: after an upgrade it may be bringing its tables forward. Then restart it, and keep its journal.",
    ),
    # the line
    "no-name": Fault(
        "The name of another machine cannot be resolved.",
        f"{GOES_ON} What waits is sent when it can be.",
        "Look at the network's name server, or say the address in digits (`peers` in the settings).",
    ),
    "refused-line": Fault(
        "The other machine is there, but nothing answers at the port.",
        f"{GOES_ON} What waits is sent when it can be.",
        "Start the node there, or correct the port; look for a firewall between.",
    ),
    "no-line": Fault(
        "The other machine cannot be reached.",
        f"{GOES_ON} What waits is sent when it can be.",
        "Look at the cable, the switch and the router. If it lasts for days, carry what waits on a stick.",
    ),
    "stranger": Fault(
        "Somebody else answers where the other machine should be.",
        "Nothing was told to the stranger.",
        "Look whose address this is. A new central shows itself and is found; a machine that was enrolled anew has a new card.",
    ),
    # the trust
    "put-out": Fault(
        "This machine's card was taken back: nobody lets it in any more.",
        "What central holds; the rest lies on this disk.",
        "If that was right, bring what is left with `motcua rescue`; the place gets a new machine (docs/outages.md).",
    ),
    "card-ended": Fault(
        "This machine's card has ended: it receives no dossier any more.",
        "Everything else goes on.",
        "Bring it into contact with central: it is renewed by itself. By hand: carry a stick (docs/sync.md).",
    ),
    "card-ends": Fault(
        "This machine's card or certificate ends within a month.",
        GOES_ON,
        "Bring it into contact with central, which renews it by itself.",
        urgent=False,
    ),
    "catalog-branches": Fault(
        "The catalog cannot be followed: central has said two things at one place, or an entry is broken.",
        "All that was written goes by the catalog as far as it was whole.",
        "At central `motcua central choose` shows both branches; two administrators choose (docs/outages.md).",
    ),
    "catalog-lost": Fault(
        "Acts rest on words of a former central that no machine has brought.",
        "The acts are kept and wait. Everything else goes on.",
        "If a machine that heard those words may still come, wait for it. If not, two administrators go on without"
        " them: `motcua central choose` (docs/outages.md).",
    ),
    "catalog-old": Fault(
        "Central has not been heard for so long that decisions need a second person.",
        "Receiving and returning go on.",
        "Restore the line, or carry a stick from central.",
        urgent=False,
    ),
    "collects": Fault(
        "This new central still collects what the machines have, and writes nothing.",
        "All that the machines hold.",
        "Wait for all of them, then `motcua central takeover` (docs/outages.md).",
    ),
    "closed": Fault(
        "This machine has written its last act.",
        SAVED,
        "Leave it running until nothing waits, then revoke it as retired (docs/enrolment.md).",
        urgent=False,
    ),
    # the hour
    "clock": Fault(
        "This machine's clock is more than two minutes off the others'.",
        "Acts keep their order; due moments are checked again by the desk.",
        "Set the clock, and let the machine keep it (`timedatectl set-ntp true`); a weak battery loses it at every start.",
    ),
    "hour-unsure": Fault(
        "Acts are written with the mark that the hour is not sure.",
        GOES_ON,
        "Set the clock; the mark ends by itself at the next contact.",
        urgent=False,
    ),
    # the work
    "unsent": Fault(
        "Acts have been on this machine alone for more than a day.",
        SAVED,
        "Restore the line, or carry them on a stick: until then they would be lost with this disk.",
    ),
    "refused": Fault(
        "Another machine refuses documents of this one, or this one those of another.",
        "They stay where they are, and are offered again.",
        "The page *Đồng bộ* says each with its reason.",
    ),
    "outgoing-waits": Fault(
        "What goes to the exchange, or by mail, has waited for more than two hours.",
        "It waits in central's outbox, and goes by itself, once, when the other side answers.",
        "*Liên thông* at central says where it goes; look at that system and the line to it, and at `[exchange]`, `[receipts]` and"
        " `[mail]` in the settings.",
        urgent=False,
    ),
    "outgoing-refused": Fault(
        "The exchange, or a mail server, has refused something for good.",
        "It is kept; a dossier that changes is sent again by itself.",
        "*Liên thông* at central lists each with what was said: send it again, or drop it.",
        urgent=False,
    ),
    "receipts-late": Fault(
        "Electronic receipts have not been issued in the time that the law gives.",
        "The money, and all that stands on each receipt, are in the dossiers.",
        "Whoever collects issues them, and says so on the page *Biên lai điện tử* (docs/fees.md).",
        urgent=False,
    ),
    "gap": Fault(
        "Acts of a machine are missing here that should be here.",
        "All later acts; whoever holds the missing ones still has them.",
        "Switch on the machines that may hold them (`motcua status` names them).",
    ),
    "waits": Fault(
        "A peer has brought more than half of what may wait here unjudged.",
        "It is kept, and judged when the card or the entry comes.",
        "Bring the catalog up to date; if the machine is unknown, find out whose it is.",
    ),
    "numbers-low": Fault(
        "Granted numbers run out: a fifth is left.",
        GOES_ON,
        "Grant more at central, page *Máy trạm*.",
        urgent=False,
    ),
    "numbers-gone": Fault(
        "Granted numbers are used up.",
        "No number was given twice.",
        "Grant more at central, page *Máy trạm*; they travel with the catalog.",
    ),
    "paper-unsure": Fault(
        "Nobody knows whether a paper came out.",
        "The act that it prints is saved.",
        "Look in the tray, and answer on the page *Máy in*.",
        urgent=False,
    ),
    "paper-failed": Fault(
        "A printer gave a paper up.",
        "The act that it prints is saved.",
        "Look at the printer, then print it again on the page *Máy in*, or by the browser.",
    ),
    "paper-waits": Fault(
        "Papers have waited for their printer for more than ten minutes.",
        "They are printed in their order when it is back.",
        "Switch it on, look for paper and toner; or send them to another printer on the page *Máy in*.",
    ),
}


def finding(node: str, fault: str, seen: str = "") -> Finding:
    """A fault of `FAULTS` as found at a node; `seen` is what was seen of it. KeyError for a name that is
    none.
    """
    known = FAULTS[fault]
    return Finding(node, fault, known.what, seen, known.safe, known.todo, known.urgent)


def explained() -> str:
    """docs/faults.md."""
    lines = [
        "# What `motcua doctor` finds\n",
        "*Made from the code by `motcua doctor --explain`; a test holds it against it.*\n",
        "`motcua doctor --data DIR` looks at a node's folder, at the way to other machines, and asks the node if it runs. It",
        "writes nothing, and may be given at any time, as the user of the node (`sudo -u motcua motcua doctor …`). Exit status",
        "1: something was found. Each fault is caused in a test (`tests/central/test_doctor.py`, or one that it names).\n",
        "| name | what it is | what is safe | what to do |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{name}` | {one.what} | {one.safe} | {one.todo} |" for name, one in FAULTS.items()]
    return "\n".join(lines) + "\n"
