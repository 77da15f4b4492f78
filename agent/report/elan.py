"""Scored results in, an annotation document for ELAN out."""

from __future__ import annotations

import mimetypes
import os
from itertools import count
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as Xml

from agent.report.findings import Findings
from agent.report.tiers import FINDINGS, Annotation, Said, said

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_LONG_AGO = "1970-01-01T00:00:00+00:00"  # the format wants a date; one of its own would make each writing another
_WORDS, _FINDINGS = "words", "findings"
_CONSTRAINTS = {
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps are allowed",
    "Symbolic_Association": "1-1 association with a parent annotation",
}


def write(findings: Findings, path: Path) -> None:
    """EAF 3.0 (the ELAN Annotation Format, MPI Nijmegen): utterances; below them their words, and one tier for each of
    agent.report.tiers.FINDINGS. ELAN finds the recording by where it lies from here.
    """
    spoken = said(list(findings.utterances()))
    document = Xml.Element("ANNOTATION_DOCUMENT", AUTHOR="deadpan", DATE=_LONG_AGO, FORMAT="3.0", VERSION="3.0")
    document.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    document.set("xsi:noNamespaceSchemaLocation", _SCHEMA)
    header = Xml.SubElement(document, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    relative = os.path.relpath(findings.location.resolve(), findings.folder.resolve())
    kind = mimetypes.guess_type(findings.location.name)[0] or "unknown"
    where = quote(Path(relative).as_posix())
    Xml.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=where, RELATIVE_MEDIA_URL=where, MIME_TYPE=kind)
    _Tiers(document).write(spoken)
    _add_types(document)
    Xml.indent(document)
    Xml.ElementTree(document).write(path, encoding="UTF-8", xml_declaration=True)


class _Tiers:
    """The tiers of a document, its moments numbered as ELAN wants them."""

    def __init__(self, document: Xml.Element) -> None:
        self._document = document
        self._order = Xml.SubElement(document, "TIME_ORDER")
        self._moments, self._numbers = count(1), count(1)

    def write(self, spoken: list[Said]) -> None:
        """All tiers."""
        utterances = self._tier("utterance", "default-lt")
        parents = [self._aligned(utterances, each.utterance) for each in spoken]
        words = self._tier("word", _WORDS, "utterance")
        for each in spoken:
            for word in each.words:
                self._aligned(words, word)
        for name in FINDINGS:
            tier = self._tier(name, _FINDINGS, "utterance")
            for each, parent in zip(spoken, parents, strict=True):
                if each.findings[name]:
                    number = f"a{next(self._numbers)}"
                    told = Xml.SubElement(
                        Xml.SubElement(tier, "ANNOTATION"),
                        "REF_ANNOTATION",
                        ANNOTATION_ID=number,
                        ANNOTATION_REF=parent,
                    )
                    Xml.SubElement(told, "ANNOTATION_VALUE").text = each.findings[name]

    def _tier(self, name: str, kind: str, parent: str | None = None) -> Xml.Element:
        tier = Xml.SubElement(self._document, "TIER", TIER_ID=name, LINGUISTIC_TYPE_REF=kind)
        if parent is not None:
            tier.set("PARENT_REF", parent)
        return tier

    def _aligned(self, tier: Xml.Element, annotation: Annotation) -> str:
        number = f"a{next(self._numbers)}"
        told = Xml.SubElement(
            Xml.SubElement(tier, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=number,
            TIME_SLOT_REF1=self._moment(annotation.start_ms),
            TIME_SLOT_REF2=self._moment(annotation.end_ms),
        )
        Xml.SubElement(told, "ANNOTATION_VALUE").text = annotation.text
        return number

    def _moment(self, at_ms: int) -> str:
        name = f"ts{next(self._moments)}"
        Xml.SubElement(self._order, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(at_ms))
        return name


def _add_types(document: Xml.Element) -> None:
    free = {"GRAPHIC_REFERENCES": "false"}
    Xml.SubElement(document, "LINGUISTIC_TYPE", free | {"LINGUISTIC_TYPE_ID": "default-lt", "TIME_ALIGNABLE": "true"})
    Xml.SubElement(
        document,
        "LINGUISTIC_TYPE",
        free | {"LINGUISTIC_TYPE_ID": _WORDS, "TIME_ALIGNABLE": "true", "CONSTRAINTS": "Included_In"},
    )
    Xml.SubElement(
        document,
        "LINGUISTIC_TYPE",
        free | {"LINGUISTIC_TYPE_ID": _FINDINGS, "TIME_ALIGNABLE": "false", "CONSTRAINTS": "Symbolic_Association"},
    )
    for name, description in _CONSTRAINTS.items():
        Xml.SubElement(document, "CONSTRAINT", STEREOTYPE=name, DESCRIPTION=description)
