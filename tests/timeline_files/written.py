"""Writes timelines in the formats that the readers read."""

from __future__ import annotations

import csv
import html
import io
import zipfile
from collections.abc import Mapping, Sequence

from audience.timelines import Timeline


def clock(seconds: float, fraction: str = ".") -> str:
    """`01:02:03.456`, with the given decimal separator."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{fraction}{ms % 1000:03d}"


def as_csv(timeline: Timeline, delimiter: str = ",") -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["title", "start", "end"])
    writer.writerows([part.title, part.start_s, part.end_s] for part in timeline.segments)
    return file.getvalue().encode()


def as_webvtt(timeline: Timeline) -> bytes:
    cues = (f"{clock(part.start_s)} --> {clock(part.end_s)}\n{html.escape(part.title)}\n" for part in timeline.segments)
    return "\n".join(["WEBVTT\n", *cues]).encode()


def as_srt(timeline: Timeline) -> bytes:
    cues = (
        f"{number}\n{clock(part.start_s, ',')} --> {clock(part.end_s, ',')}\n{part.title}\n"
        for number, part in enumerate(timeline.segments, start=1)
    )
    return "\n".join(cues).encode()


def as_chapter_text(timeline: Timeline) -> bytes:
    return "\n".join(f"{clock(part.start_s)} {part.title}" for part in timeline.segments).encode()


def as_pptx(
    *slides: str,
    entries: Mapping[str, str | bytes] | None = None,
    notes: Mapping[int, Sequence[str]] | None = None,
) -> bytes:
    """A deck of slides, each given as the XML within its `p:sld` element (attributes first, up to a `|`).

    `notes` has the paragraphs of the speaker notes of some slides, by their place from 0.
    """
    space = (
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main"'
    )
    # Slide files are numbered in another order than the deck shows them.
    files = [f"slides/slide{len(slides) - place}.xml" for place in range(len(slides))]
    ids = "".join(f'<p:sldId id="{256 + place}" r:id="rId{place}"/>' for place in range(len(slides)))
    relations = "".join(f'<Relationship Id="rId{place}" Target="{file}"/>' for place, file in enumerate(files))
    content: dict[str, str | bytes] = {
        "ppt/presentation.xml": f"<p:presentation {space}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{relations}</Relationships>"
        ),
    }
    for file, slide in zip(files, slides, strict=True):
        attributes, _, inner = slide.rpartition("|")
        content[f"ppt/{file}"] = f'<?xml version="1.0"?><p:sld {space} {attributes}>{inner}</p:sld>'
    for place, lines in (notes or {}).items():
        folder, _, file = files[place].rpartition("/")
        content[f"ppt/{folder}/_rels/{file}.rels"] = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="rId1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/notesSlide" '
            f'Target="../notesSlides/notes{place}.xml"/></Relationships>'
        )
        body = _shape("sldNum", a_title("7")) + _shape("body", "".join(map(a_title, lines)))
        content[f"ppt/notesSlides/notes{place}.xml"] = f"<p:notes {space}><p:cSld>{body}</p:cSld></p:notes>"
    return as_zip({**content, **(entries or {})})


def as_zip(entries: Mapping[str, str | bytes]) -> bytes:
    """A zip of some files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def as_odp(*slides: tuple[str, str, str | None]) -> bytes:
    """A presentation of (title, notes, duration) as LibreOffice writes them; one titled "Not shown" is hidden."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "presentation", "style", "text")
    )
    names += ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    styles, pages = "", ""
    for place, (title, notes, duration) in enumerate(slides):
        timed = f'presentation:transition-type="automatic" presentation:duration="{duration}"' if duration else ""
        hidden = 'presentation:visibility="hidden"' if title == "Not shown" else ""
        styles += f'<style:style style:name="dp{place}"><style:drawing-page-properties {timed} {hidden}/></style:style>'
        shown, said = (
            f'<draw:frame presentation:class="{kind}">'
            f"<draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"
            for kind, text in (("title", title), ("notes", notes))
        )
        pages += f'<draw:page draw:style-name="dp{place}">{shown}'
        pages += f"<presentation:notes>{said}</presentation:notes></draw:page>"
    content = (
        f"<office:document-content {names}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:presentation>{pages}</office:presentation></office:body></office:document-content>"
    )
    return as_zip({"mimetype": "application/vnd.oasis.opendocument.presentation", "content.xml": content})


def as_pdf(*pages: Sequence[str]) -> bytes:
    """A deck as PDF: of each page its footer, its title, and lines of text."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(960, 540))
    for number, (footer, title, *lines) in enumerate(pages, start=1):
        canvas.setFont("Helvetica-Bold", 36)
        canvas.drawString(60, 470, title)
        canvas.setFont("Helvetica", 20)
        for place, line in enumerate(lines):
            canvas.drawString(80, 400 - 32 * place, line)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 20, f"{footer} {number}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def a_slide(
    title: str | None, *, ms: int | None = None, wrapped: bool = False, hidden: bool = False, text: str = ""
) -> str:
    """A slide for `as_pptx`: a footer, a title and a text if there are, and its rehearsed time if there is one."""
    shapes = _shape("ftr", "<a:p><a:r><a:t>Page</a:t></a:r></a:p>")
    if text:
        shapes += _shape("body", text)
    if title is not None:
        shapes += _shape("title", title)
    transition = "" if ms is None else f'<p:transition spd="slow" advTm="{ms}"/>'
    if wrapped:
        transition = (
            f'<mc:AlternateContent><mc:Choice Requires="p14">{transition}</mc:Choice>'
            f"<mc:Fallback>{transition}</mc:Fallback></mc:AlternateContent>"
        )
    return f"{'show=' + chr(34) + '0' + chr(34) if hidden else ''}|<p:cSld>{shapes}</p:cSld>{transition}"


def _shape(kind: str, paragraphs: str) -> str:
    return f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>'


def a_title(text: str) -> str:
    """A title's paragraph for `a_slide`."""
    return f"<a:p><a:r><a:t>{html.escape(text)}</a:t></a:r></a:p>"
