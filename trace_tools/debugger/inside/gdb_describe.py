"""Tells what the debug information of a binary holds; the program is not run. Runs inside gdb.

The job is the JSON file that NB_GDB_JOB names: "globs" of source files, "spots" [path, line], "variables".
"""

import fnmatch
import json
import os
import re

import gdb

LISTED = re.compile(r"[,\n]\s*")
FOREIGN = ("/usr/include/", "/usr/lib/", "/usr/local/include/")
RANGE = re.compile(r"Range (0x[0-9a-f]+)-(0x[0-9a-f]+)")
SYMBOL = re.compile(r"^Symbol (.+?) is ", re.MULTILINE)


def listed_files():
    """Return the source files that the binary names, of the program itself."""
    try:
        text = gdb.execute("info sources", to_string=True)
    except gdb.error:  # a binary without any symbol
        return []
    names = [name.strip() for name in LISTED.split(text)]
    return sorted({name for name in names if "/" in name and not name.endswith((":", ">", ")"))})


def is_meant(path, globs):
    """Tell whether one of the globs means a path."""
    if path.startswith(FOREIGN):
        return False
    name = os.path.basename(path)
    return any(
        fnmatch.fnmatch(name, glob) or fnmatch.fnmatch(path, "*/" + glob) or path == glob for glob in globs
    )


def symtab_of(path):
    """Return the table of one file, None where it has no code."""
    for line in (1, 100000):
        try:
            sals = gdb.decode_line(f'"{path}":{line}')[1] or ()
        except gdb.error:
            continue
        for sal in sals:
            if sal.symtab is not None and sal.symtab.fullname() == path:
                return sal.symtab
    return None


def code_lines(symtab):
    """Return the lines of a file that have code."""
    return sorted(line for line in symtab.linetable().source_lines() if line > 0)


def blocks_at(pc):
    """Return (function or None, names) of the scopes around an address, innermost first, functions only."""
    found, names, block = [], [], gdb.block_for_pc(pc)
    while block is not None and not block.is_static and not block.is_global:
        names += [symbol.name for symbol in block if symbol.is_variable or symbol.is_argument]
        if block.function is not None:
            found.append([block.function.name, sorted(set(names))])
            names = []
        block = block.superblock
    return found


def locations(pc):
    """Return of each name in scope whether it has a value at an address; the innermost of a name counts."""
    try:
        text = gdb.execute(f"info scope *{pc}", to_string=True)
    except gdb.error:
        return {}
    heads, found = list(SYMBOL.finditer(text)), {}
    for head, following in zip(heads, [*heads[1:], None]):
        body = text[head.end() : None if following is None else following.start()]
        ranges = [(int(low, 16), int(high, 16)) for low, high in RANGE.findall(body)]
        live = "optimized out" not in body.splitlines()[0]
        if ranges:
            live = any(low <= pc < high for low, high in ranges)
        found[head.group(1)] = found.get(head.group(1), False) or live
    return found


def spot(path, line):
    """Return the addresses of a line, with what is in scope there."""
    try:
        sals = gdb.decode_line(f'"{path}":{line}')[1] or ()
    except gdb.error as error:
        return {"error": str(error), "at": []}
    rows = [{"scopes": blocks_at(sal.pc), "live": locations(sal.pc)} for sal in sals if sal.pc]
    return {"error": None, "at": rows}


def variables_of(symtab):
    """Return [function, name, type, line] of the variables of a file."""
    found, seen = set(), set()
    for entry in symtab.linetable():
        block, pending = gdb.block_for_pc(entry.pc), []
        while block is not None and not block.is_static and not block.is_global:
            key = (block.start, block.end)
            if key not in seen:
                pending += [symbol for symbol in block if symbol.is_variable or symbol.is_argument]
                seen.add(key)
            if block.function is not None:
                for symbol in pending:
                    if symbol.symtab is not None and symbol.symtab.fullname() == symtab.fullname():
                        found.add((block.function.name, symbol.name, str(symbol.type), symbol.line))
                pending = []
            block = block.superblock
    return sorted(found)


def exists(name):
    """Tell whether there is a global or static object of a name."""
    try:
        return bool(gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name))
    except gdb.error:
        return False


def told_of(job):
    """Return all that is asked."""
    listed = listed_files()
    meant = [path for path in listed if is_meant(path, job["globs"])]
    tables = {}
    for path in meant:
        symtab = symtab_of(path)
        if symtab is not None:
            tables[path] = symtab
    return {
        "listed": len(listed),
        "code": {path: code_lines(symtab) for path, symtab in tables.items()},
        "variables": {path: variables_of(symtab) for path, symtab in tables.items()}
        if job["variables"]
        else {},
        "spots": [spot(path, line) for path, line in job["spots"]],
        "global": {name: exists(name) for name in job["names"]},
    }


def main():
    """Do the job."""
    with open(os.environ["NB_GDB_JOB"], encoding="utf-8") as stream:
        job = json.load(stream)
    report = {"started": True, "gdb": gdb.VERSION, "error": None}
    try:
        for words in job["settings"]:
            gdb.execute(words, to_string=True)
        report.update(told_of(job))
    except Exception as error:  # gdb would print it among its own lines
        report["error"] = str(error) or type(error).__name__
    with open(job["report"], "w", encoding="utf-8") as stream:
        json.dump(report, stream)


main()
