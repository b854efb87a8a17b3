"""Asking a real account whether what is assumed of an API is true. Knows no platform."""

from source_invoicing.streams.probing.inquiry import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    MISSING,
    NO_ACCESS,
    PRESENT,
    REFUSED,
    Answer,
    CannotTell,
    Inquiry,
    Mark,
    Params,
    Probe,
    Question,
    question,
)

__all__ = [
    "ABSENT",
    "ANSWERS",
    "HONOURED",
    "IGNORED",
    "MISSING",
    "NO_ACCESS",
    "PRESENT",
    "REFUSED",
    "Answer",
    "CannotTell",
    "Inquiry",
    "Mark",
    "Params",
    "Probe",
    "Question",
    "question",
]
