"""What makes a PDF one that is kept for decades: PDF/A-2b (ISO 19005-2, level B).

Fonts are embedded and colours plain anyway (`printing.typeface`, `printing.paper`). To that come two things: a colour
space that says what red and blue mean (6.2.3), and a description of the document that says what it is (6.6).

The profile beside this module is sRGB (IEC 61966-2-1), made by Little CMS; it says of itself "No copyright, use freely".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.pdfbase.pdfdoc import PDFArray, PDFCatalog, PDFDictionary, PDFName, PDFStream, PDFString

PROFILE: Final = Path(__file__).parent / "colour" / "sRGB.icc"
_CONDITION: Final = "sRGB IEC61966-2.1"
_XMP: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{tool}</xmp:CreatorTool><pdf:Producer>{producer}</pdf:Producer>
<xmp:CreateDate>{made}</xmp:CreateDate><xmp:ModifyDate>{made}</xmp:ModifyDate>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True, slots=True)
class About:
    """What a document says of itself, in its information dictionary and here alike. `made` has a zone."""

    title: str
    subject: str
    author: str
    made: datetime
    language: str
    tool: str


def declare(canvas: Any, about: About) -> None:
    """Let reportlab's document, before it is saved, be PDF/A-2b."""
    catalog = canvas._doc.Catalog
    catalog.__NoDefault__ = [*PDFCatalog.__NoDefault__, "OutputIntents"]
    catalog.Metadata = _stream(
        _xmp(about, canvas._doc.info.producer), Type=PDFName("Metadata"), Subtype=PDFName("XML")
    )
    intent = PDFDictionary(
        {
            "Type": PDFName("OutputIntent"),
            "S": PDFName("GTS_PDFA1"),
            "OutputConditionIdentifier": PDFString(_CONDITION),
            "Info": PDFString(_CONDITION),
            "DestOutputProfile": canvas._doc.Reference(_stream(_profile(), N=3)),
        }
    )
    catalog.OutputIntents = PDFArray([intent])


@cache
def _profile() -> bytes:
    return PROFILE.read_bytes()


def _stream(content: bytes, **entries: Any) -> PDFStream:
    return PDFStream(dictionary=PDFDictionary(entries), content=content, filters=None)


def _xmp(about: About, producer: str) -> bytes:
    made = about.made.isoformat(timespec="seconds")
    texts = (
        ("title", about.title), ("subject", about.subject), ("author", about.author), ("made", made),
        ("language", about.language), ("tool", about.tool), ("producer", producer),
    )  # fmt: skip
    return _XMP.format(**{name: escape(text) for name, text in texts}).encode()
