# ruff: noqa: RUF001  (the odd letters are the point)
"""Invented values of the kind that breaks naive programs. The same seed always gives the same values."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

DAY = 86_400
"""Seconds."""
FIRST_MOMENT = 1_672_531_200
"""2023-01-01T00:00:00Z, unix seconds."""
LAST_MOMENT = 1_764_000_000
"""2025-11-24T16:00:00Z, unix seconds: everything that was not just inserted or edited lies before."""

NAMES: tuple[str, ...] = (
    "Northwind Bakery",
    "Müller & Söhne GmbH",
    'O\'Brien "Quality" Ltd.',
    "株式会社サンプル",
    "ООО «Ромашка»",
    "شركة المثال",
    "דוגמה בע״מ",
    "บริษัท ตัวอย่าง",
    "उदाहरण प्राइवेट लिमिटेड",
    "Café Zoë",
    "Cafe\u0301 Zoe\u0308",
    "👩‍👩‍👧‍👦 Family & Co 🧾",
    "Back\\slash; DROP TABLE invoices;--",
    "  padded  ",
    "null",
    "0",
    "Comma, Semicolon; Tab\tInc.",
)
TEXTS: tuple[str, ...] = (
    "Thank you for your business",
    "",
    "He said \"pay 'now'\" <b>& left</b>",
    "first line\nsecond line\r\nthird line",
    "Zahlbar bis übermorgen – 30 Tage, 2 % Skonto, ½ € Rabatt",
    "お支払いありがとうございます。",
    "Спасибо за покупку",
    "شكرا لتعاملكم معنا \u200f(1)\u200f",
    "e\u0301a\u0308o\u0302 \u1e9e \ufb01 n\u0303",
    "🧾💸🇩🇪 👍🏽",
    "zero\u200bwidth\u00a0space\u2028line separator",
    '{"looks": ["like", "json"]}',
    "=1+1",
    "tab\tand \\ backslash \\n",
    "true",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 beyond the BMP",
)
AMOUNTS: tuple[float | int, ...] = (
    51.15,
    74,
    0.1 + 0.2,
    0,
    -12.5,
    1e-2,
    1_234_567.89,
    100,
    999_999_999_999.99,
    19.999,
    -0.01,
    33.333333333333336,
    0.0,
    5e15,
)
PRICES: tuple[float | int, ...] = tuple(amount for amount in AMOUNTS if amount >= 0)
MAPPINGS: tuple[Any, ...] = (
    [],
    {},
    {"region": "EMEA", "sales rep": "O'Brien", "": "empty key"},
    {"region": "APAC"},
    {"priority": 3, "vip": True, "score": 0.1 + 0.2, "gone": None, "big": 2**53 + 1},
    [],
    {},
    {"region": "APAC", "größe": "übergroß"},
    {f"custom_field_{n}": text for n, text in enumerate(TEXTS[:9])} | {"k" * 40: "v" * 255},
    {"region": ""},
)
"""Shapes of a free-form map. An empty one may be ``[]``, as PHP writes it; at most ten keys, texts up to 255 long."""
LONG_TEXT = 'Sehr långer téxt 長い文章 🧾 with "quotes" and\nnewlines. ' * 300
"""About 20 kB as UTF-8."""


class Values:
    """A stream of values."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._random = Random(f"{seed}/{purpose}").random
        self._turns: dict[str, int] = {}

    def one_of(self, choices: Sequence[T]) -> T:
        """A random choice."""
        return choices[int(self._random() * len(choices))]

    def in_turn(self, purpose: str, choices: Sequence[T]) -> T:
        """The next of the choices for that purpose, so that few rows already show all of them."""
        turn = self._turns[purpose] = self._turns.get(purpose, -1) + 1
        return choices[turn % len(choices)]

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random() < probability

    def maybe(self, value: T, probability: float = 0.6) -> T | None:
        """The value, or null."""
        return value if self._random() < probability else None

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def name(self) -> str:
        """Something that names a company or a thing."""
        return self.one_of(NAMES)

    def text(self) -> str:
        """A remark in any script, sometimes empty."""
        return self.one_of(TEXTS)

    def amount(self) -> float | int:
        """Money in major units; mostly ordinary cents, else an odd one, some of them negative."""
        if self.chance(0.5):
            return self.whole(1, 500_000) / 100
        return self.one_of(AMOUNTS)

    def price(self) -> float | int:
        """Money that is never negative."""
        if self.chance(0.5):
            return self.whole(1, 500_000) / 100
        return self.one_of(PRICES)

    def token(self, length: int = 24) -> str:
        """Hexadecimal letters, as in secret links."""
        return f"{int(self._random() * 2**53) ** 2:0{length}x}"[:length]

    def moment(self, low: int = FIRST_MOMENT, high: int = LAST_MOMENT) -> int:
        """A unix second."""
        return self.whole(low, high)

    def midnight(self) -> int:
        """A calendar day as Invoiced sends it: midnight in the company's zone, here five or six hours after UTC's."""
        day = self.moment() // DAY
        return day * DAY + (5 if day % 2 else 6) * 3600

    def code(self, prefix: str, number: int) -> str:
        """A human's number for a document, such as INV-00042."""
        return f"{prefix}-{number:05d}"

    def mapping(self) -> Any:
        """A free-form map in one of its many shapes."""
        return self.one_of(MAPPINGS)
