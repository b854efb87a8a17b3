"""A set of keys in a compact form, to be stored in the state of a stream."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from source_invoicing.streams.page import LARGEST, is_identity

# Stored names; never change them.
NUMBERS, DIGITS, TEXTS = "numbers", "digits", "texts"
# The limit for an unpacked text: 10 million keys that are close together.
MAX_BYTES = 100_000_000
MORE_TO_COME = 0x80
SEVEN_BITS = 0x7F
# This many sets of similar size are merged into one.
SETS_PER_LEVEL = 16

#: By kind of key: the keys of that kind, packed into a text.
StoredKeys = dict[str, str]


class KeySet:
    """Keys of rows: whole numbers, text, or tuples of these. Efficient for adding many keys and reading them once. A
    tuple of one part is kept as that part, which takes a quarter of the room.

    A whole number, or a text that is one, takes eight bytes in memory; the state stores its distance to the next lower
    one.
    """

    def __init__(self, keys: Iterable[Hashable] = ()) -> None:
        self._numbers = array("q")
        self._digits = array("q")
        self._texts: set[str] = set()
        self.update(keys)

    def update(self, keys: Iterable[Hashable]) -> None:
        """Add keys. Some may be in the set already."""
        for key in keys:
            if key.__class__ is int and is_identity(key):
                self._numbers.append(key)
            elif isinstance(key, str) and _is_a_number(key):
                self._digits.append(int(key))
            elif isinstance(key, tuple) and len(key) == 1:
                self.update(key)
            else:
                self._texts.add(json.dumps(key, separators=(",", ":")))

    @classmethod
    def union(cls, sets: Iterable[KeySet]) -> KeySet:
        """The keys of several sets."""
        union = cls()
        for each in sets:
            union._numbers.extend(each._numbers)
            union._digits.extend(each._digits)
            union._texts |= each._texts
        return union

    def __iter__(self) -> Iterator[Hashable]:
        """Each key once."""
        yield from sorted(set(self._numbers))
        yield from map(str, sorted(set(self._digits)))
        for text in sorted(self._texts):
            yield _key_of(text)

    def __len__(self) -> int:
        return len(set(self._numbers)) + len(set(self._digits)) + len(self._texts)

    def without(self, others: KeySet) -> list[Hashable]:
        """The keys that are not in another set."""
        excluded = set(others)
        return [key for key in self if key not in excluded]

    def stored(self) -> StoredKeys:
        """The set as JSON."""
        kinds = {
            NUMBERS: _distances(self._numbers),
            DIGITS: _distances(self._digits),
            TEXTS: "\n".join(sorted(self._texts)).encode(),
        }
        return {name: _packed(content) for name, content in kinds.items() if content}

    @classmethod
    def restore(cls, stored: Any) -> KeySet:
        """The set that was stored, or the union of several.

        :raises ValueError: if it was not stored by :meth:`stored`
        """
        if isinstance(stored, list) and stored:
            return cls.union(map(cls.restore, stored))
        if not isinstance(stored, Mapping) or not set(stored) <= {NUMBERS, DIGITS, TEXTS}:
            raise ValueError("it is no set of keys")
        keys = cls()
        keys._numbers.extend(_numbers(_unpacked(stored.get(NUMBERS, ""))))
        keys._digits.extend(_numbers(_unpacked(stored.get(DIGITS, ""))))
        # Earlier versions have stored tuples of one part.
        keys.update(map(_key_of, filter(None, _unpacked(stored.get(TEXTS, "")).decode().split("\n"))))
        return keys


class GrowingKeySet:
    """Keys that are added page by page and may be stored after each page. They are kept in several sets, so that only
    few keys have to be packed again."""

    def __init__(self) -> None:
        self._levels: list[list[tuple[KeySet, StoredKeys]]] = [[]]

    def update(self, keys: Iterable[Hashable]) -> None:
        """Add the keys of a page."""
        new = KeySet(keys)
        for level in self._levels:
            level.append((new, new.stored()))
            if len(level) < SETS_PER_LEVEL:
                return
            new = KeySet.union(each for each, _ in level)
            level.clear()
        self._levels.append([(new, new.stored())])

    def all(self) -> KeySet:
        """The keys as one set."""
        return KeySet.union(each for level in self._levels for each, _ in level)

    def stored(self) -> list[StoredKeys]:
        """The keys as JSON: several sets, which :meth:`KeySet.restore` makes one."""
        return [stored for level in self._levels for _, stored in level]


def _key_of(text: str) -> Hashable:
    """A key that was stored as text.

    :raises ValueError: if it was not
    """
    key = json.loads(text)
    return tuple(key) if isinstance(key, list) else key


def _is_a_number(text: str) -> bool:
    """Whether a text is a whole number in its only spelling, without leading zeros."""
    return text.isascii() and text.isdigit() and (text[0] != "0" or text == "0") and int(text[:20]) < LARGEST


def _distances(numbers: Iterable[int]) -> bytes:
    """Numbers as the distances between them in ascending order, each in groups of seven bits, the lowest first."""
    encoded, previous = bytearray(), -LARGEST
    ascending = sorted(set(numbers))
    for number in ascending:
        rest = number - previous
        while rest > SEVEN_BITS:
            encoded.append(rest & SEVEN_BITS | MORE_TO_COME)
            rest >>= 7
        encoded.append(rest)
        previous = number
    return bytes(encoded)


def _numbers(content: bytes) -> Iterator[int]:
    number, distance, shift = -LARGEST, 0, 0
    for byte in content:
        distance |= (byte & SEVEN_BITS) << shift
        shift += 7
        if byte < MORE_TO_COME:
            number += distance
            if number >= LARGEST:
                raise ValueError("it holds a number that no key can be")
            yield number
            distance = shift = 0


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _unpacked(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("it is no text")
    if not text:
        return b""
    unpack = zlib.decompressobj()
    try:
        content = unpack.decompress(base64.b64decode(text, validate=True), MAX_BYTES)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(str(error)) from None
    if not unpack.eof:
        raise ValueError("it was cut off, or is too long")
    return content
