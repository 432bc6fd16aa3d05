"""Seeds a bug into the port: `python bugs.py table` writes rod-table.py; `python bugs.py` lists them all."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
BUGS = {
    "table": ("conductivity", ".clamp(0, 4)", ".clamp(0, 2)"),
    "branch": ("glows", "(rod > GLOWS_K)", "(rod - AIR_K > GLOWS_K)"),
    "sum": ("energy", "rod).sum()", "rod[1:]).sum()"),
    "single": ("conductivity", "conductivity(face)", "conductivity(face.float()).double()"),
    "roll": ("face", "rod[:-1] + rod[1:]", "rod[:-1] + rod[:-1]"),
    "length": ("flux", "(rod[:-1] - rod[1:]) / LENGTH", "(rod[:-1] - rod[1:]) / (LENGTH + 1e-9)"),
    "sign": ("flux", "(rod[:-1] - rod[1:])", "(rod[1:] - rod[:-1])"),
    "power": ("loss", "AIR_K**4", "AIR_K**3"),
    "swap": ("loss", "radiated, TO_AIR * (rod - AIR_K))", "TO_AIR * (rod - AIR_K), radiated)"),
    "heater": ("rod", "gain[0] = 0.0", "gain[0] = -loss[0]"),
}
"""For each bug the tap at which it begins, the text of the port, and what it becomes."""


def seeded(name: str) -> str:
    """Return the port with a bug."""
    text = (HERE / "rod.py").read_text()
    _, old, new = BUGS[name]
    if text.count(old) != 1:
        raise SystemExit(f"bugs.py: '{old}' does not stand once in rod.py")
    return text.replace(old, new)


def main(words: list[str]) -> None:
    """Write the ports with the bugs that are named, or list all."""
    for name in words:
        if name not in BUGS:
            raise SystemExit(f"bugs.py: no bug '{name}'; there are {', '.join(BUGS)}")
        (HERE / f"rod-{name}.py").write_text(seeded(name))
    if not words:
        lines = (f"{name}: at {tap}: {old} -> {new}\n" for name, (tap, old, new) in BUGS.items())
        sys.stdout.writelines(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
