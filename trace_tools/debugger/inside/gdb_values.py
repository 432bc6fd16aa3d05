"""Values of a stopped program, bit for bit. Runs inside gdb, with nothing but its Python."""

import math
import re

import gdb

NUMBERS = {gdb.TYPE_CODE_INT, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_ENUM, gdb.TYPE_CODE_CHAR}
BITS = re.compile(r"0x[0-9a-f]+\Z")
OUTER = re.compile(r"in\s+([\w:~]+):\s+(.+)\Z", re.DOTALL)
DOUBLE_BYTES = 8
WHOLE = re.compile(r"[0-9]+\Z")


class UnreadableError(Exception):
    """An expression that has no value at a place; the text says why."""


def base_name(name):
    """Return the name of a function without its parameters."""
    return (name or "").split("(")[0]


def is_outer(expression):
    """Tell whether an expression is for the frame of an outer function."""
    return OUTER.match(expression) is not None


def stack_frame(function):
    """Return the innermost frame of a function."""
    frame = gdb.newest_frame()
    while frame is not None:
        if base_name(frame.name()) == function:
            return frame
        frame = frame.older()
    raise UnreadableError(f"no function '{function}' is being executed there")


def evaluated(expression):
    """Evaluate an expression in the frame of the stop, or in that of an outer function ("in F: x")."""
    outer = OUTER.match(expression)
    here = gdb.newest_frame()
    try:
        if outer:
            stack_frame(outer.group(1)).select()
        return gdb.parse_and_eval(outer.group(2) if outer else expression)
    except gdb.error as error:
        raise UnreadableError(str(error).rstrip(".")) from None
    finally:
        if outer:
            here.select()


def dereferenced(value):
    """Return a value without typedefs and references."""
    kind = value.type.strip_typedefs()
    if kind.code in (getattr(gdb, "TYPE_CODE_REF", -1), getattr(gdb, "TYPE_CODE_RVALUE_REF", -1)):
        return dereferenced(value.referenced_value())
    return value.cast(kind) if kind.code in NUMBERS else value


def scalars(value):
    """Yield the numbers of a value: of an array, of the members of a struct, or itself."""
    value = dereferenced(value)
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        for place in range(low, high + 1):
            for one in scalars(value[place]):
                yield one
    elif kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        for field in kind.fields():
            for one in scalars(value[field]):
                yield one
    else:
        yield value


def number_texts(expression):
    """Return an expression for each number of a value, in the order of `scalars`."""
    outer = OUTER.match(expression)
    prefix, text = (f"in {outer.group(1)}: ", outer.group(2)) if outer else ("", expression)
    return [prefix + part for part in _parts(evaluated(expression).type, text)]


def _parts(kind, text):
    """Yield the expressions of the numbers of a type."""
    kind = kind.strip_typedefs()
    if kind.code in (getattr(gdb, "TYPE_CODE_REF", -1), getattr(gdb, "TYPE_CODE_RVALUE_REF", -1)):
        kind = kind.target().strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        inner = [(kind.target(), f"({text})[{place}]") for place in range(low, high + 1)]
    elif kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        inner = [(field.type, f"({text}).{field.name}") for field in kind.fields()]
    else:
        yield text
        return
    for part, name in inner:
        yield from _parts(part, name)


def put_number(text, number):
    """Put a number where an expression says, bit for bit, and see that it is there."""
    outer = OUTER.match(text)
    prefix, plain = (f"in {outer.group(1)}: ", outer.group(2)) if outer else ("", text)
    gdb.set_convenience_variable("nb_put", gdb.Value(number))
    evaluated(f"{prefix}({plain}) = $nb_put")
    there = dereferenced(evaluated(text))
    narrow = there.type.strip_typedefs().code == gdb.TYPE_CODE_FLT and there.type.sizeof < DOUBLE_BYTES
    now = float(there) if isinstance(number, float) else int(there)
    if not narrow and now != number and not math.isnan(number):
        raise UnreadableError(f"it is {now!r} after {number!r} was put in")


def exact_number(value):
    """Return a number as [kind, size in bytes, bits or digits]."""
    kind = value.type.strip_typedefs()
    if value.is_optimized_out:
        raise UnreadableError("it is optimised out there")
    if kind.code == gdb.TYPE_CODE_FLT:
        text = value.format_string(format="x")
        if not BITS.match(text):
            raise UnreadableError(f"it is {text.strip('<>')} there")
        return ["float", kind.sizeof, text]
    if kind.code in NUMBERS:
        return ["int", kind.sizeof, str(int(value))]
    raise UnreadableError(f"its type is '{value.type}', which is no number; write *x, x[0]@3 or x.member")


def word(value):
    """Return the text of an enumerator or of a string."""
    value = value if value.type.code == gdb.TYPE_CODE_PTR else plain_word(value)
    if value.is_optimized_out:
        raise UnreadableError("it is optimised out there")
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_ENUM:
        return str(value)
    return value.string()


def plain_word(value):
    """Return a value without references."""
    return value.referenced_value() if value.type.code == getattr(gdb, "TYPE_CODE_REF", -1) else value


def expression_values(expression, kind):
    """Return the values of one expression: words as ["word", 0, text], numbers as `number` does."""
    if WHOLE.match(expression):
        return [["int", 4, expression]]
    try:
        value = evaluated(expression)
        if kind == "word":
            return [["word", 0, word(value)]]
        return [exact_number(one) for one in scalars(value)]
    except (gdb.error, ValueError, UnicodeError) as error:
        raise UnreadableError(str(error).rstrip(".")) from None


def index_of(expression):
    """Return one whole number."""
    values = expression_values(expression, "int")
    if len(values) != 1 or values[0][0] != "int":
        raise UnreadableError("it is no whole number")
    return int(values[0][2])


def is_true(expression):
    """Tell whether an expression is not zero."""
    values = expression_values(expression, "int")
    if len(values) != 1:
        raise UnreadableError("it is not one number")
    bits = values[0][2]
    if values[0][0] == "int":
        return int(bits) != 0
    return int(bits, 16) & ((1 << (8 * values[0][1] - 1)) - 1) != 0
