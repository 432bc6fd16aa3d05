"""Values as the field writes them: vectors in brackets, commas, keys, units, printed arrays and tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trace_tools.reading.field_names import UNITS
from trace_tools.reading.numerals import DECIMAL_COMMA, NumeralError, read_number

_WRAPPER = re.compile(
    r"\b(?:(?:np|numpy|torch|jnp|cp)\.)?(?:tensor|array|matrix|[Vv]ec(?:tor)?[23]?|col|sqr|float\d*|int\d*)\s*(?=\()"
)
_ATTRIBUTE = re.compile(r",\s*(?:dtype|device|requires_grad|grad_fn|size|shape)=(?:'[^']*'|<[^>]*>|[^,()]*)")
_KEY = re.compile(r"(?:(?<=[\s,;\[({])|\A)([A-Za-z_]\w*)\s*[:=]\s*(?=[-+\[({.\d]|nan\b|inf\b)", re.IGNORECASE)
_NUMBER_END = re.compile(r"[\d.)\]}]\s*\Z|\b(?:nan|inf|infinity)\s+\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[-+.\deEdD\s]+\Z")
_GLUED = re.compile(r"(?<=[\d.)\]}])[^\d\s.,;\[\](){}+-][^\s,;\[\](){}]*\Z")
_BRACKETS = str.maketrans("[](){};", "       ")
_AXES = {"x": 0, "y": 1, "z": 2, "h": 0, "k": 1, "l": 2}
_TRUTH = {"true": "1", "false": "0"}


@dataclass(frozen=True)
class Reading:
    """What a text of values holds: numbers as ``texts`` and ``values``, or a ``problem`` that says why not.

    ``unit`` is the unit word behind the numbers, ``keys`` the names in front of them.
    """

    texts: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    unit: str = ""
    keys: tuple[str, ...] = ()
    problem: str = ""


def read_values(text: str, size: int | None = None) -> Reading:
    """Read the numbers of a text.

    Args:
        text: what stands behind a name.
        size: how many numbers there must be, None if that is not known.
    """
    if _PLAIN.match(text):
        return _checked(text.split(), size, "", ())
    text = _ATTRIBUTE.sub("", _WRAPPER.sub("", text.replace("\u2212", "-"))).strip().rstrip(",;").rstrip()
    for opening, closing in ("[]", "()", "{}"):
        if text.count(opening) != text.count(closing):
            return Reading(problem="its brackets do not close; print the whole value on one line")
    text, unit = _without_unit(text)
    keys = tuple(_KEY.findall(text))
    bare = _KEY.sub(" ", text)
    return _checked(_words(bare, size, bracketed=bare.startswith(("[", "(", "{"))), size, unit, keys)


def _checked(words: list[str], size: int | None, unit: str, keys: tuple[str, ...]) -> Reading:
    """Turn words into numbers in the order of x, y, z."""
    try:
        values = tuple(read_number(word) for word in words)
    except NumeralError:
        return Reading(problem=_first_problem(words))
    if not values:
        return Reading(problem="it has no value")
    if size is not None and len(values) != size:
        return Reading(problem=f"it has {len(values)} values where its shape is {size}")
    order = _order(keys, len(values))
    return Reading(
        tuple(words[place] for place in order), tuple(values[place] for place in order), unit,
        () if order != list(range(len(values))) or _are_axes(keys) else keys,
    )  # fmt: skip


def _without_unit(text: str) -> tuple[str, str]:
    """Cut off a unit word behind numbers, bare or in brackets, apart or glued to the last of them."""
    front, _, last = text.rpartition(" ")
    unit = last[1:-1] if last[:1] + last[-1:] in ("[]", "()") else last
    if unit in UNITS and _NUMBER_END.search(front + " "):
        return front.rstrip(), unit
    glued = _GLUED.search(text)
    if glued and glued[0] in UNITS:
        return text[: glued.start()], glued[0]
    return text, ""


def _words(text: str, size: int | None, *, bracketed: bool) -> list[str]:
    """Cut a text into the words of numbers; a comma separates them unless it stands for a point."""
    bare = text.translate(_BRACKETS)
    apart = [word.strip(",") for word in bare.split()]
    pieces = [word for word in re.split(r"[,\s]+", bare) if word]
    commas = [word for word in apart if DECIMAL_COMMA.match(word)]
    is_list = len(pieces) == size or (size is None and bracketed and len(apart) == 1)
    words = [word for word in apart if word] if commas and not is_list else pieces
    return [_TRUTH.get(word.lower(), word) for word in words]


def _first_problem(words: list[str]) -> str:
    for word in words:
        try:
            read_number(word)
        except NumeralError as error:
            return f"value '{word[:40]}' cannot be read: {error}"
    return ""


def _are_axes(keys: tuple[str, ...]) -> bool:
    return [_AXES.get(key.lower()) for key in keys] == [0, 1, 2]


def _order(keys: tuple[str, ...], count: int) -> list[int]:
    """Return the places of x, y, z (or h, k, l) among the values."""
    places = [_AXES.get(key.lower(), -1) for key in keys]
    if count == 3 and sorted(places) == [0, 1, 2]:
        return [places.index(axis) for axis in range(3)]
    return list(range(count))
