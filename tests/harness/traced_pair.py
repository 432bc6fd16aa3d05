"""A described pair of two small Python programs with taps, of which the second may be a little different."""

import json
import shutil

from harness.commands.own.pair import main as pair

PROGRAM = """import sys
shift = float(sys.argv[1])
with open("t.log", "w") as log:
    print("TAP_LOG: tap-log 1\\nTAP_LOG: program NAME 1", file=log)
    print("TAP_LOG: tap flux real - NAME.py:1\\nTAP_LOG: tap count integer - NAME.py:2", file=log)
    for i in range(3):
        print(f"TRACE_C: flux {(1 + i) * (1 + shift * SIZE)!r} | i={i}", file=log)
        print(f"TRACE_C: I_sum {10 + i + shift * SIZE!r} | i={i}", file=log)
        print(f"TRACE_C: count {COUNT} | i={i}", file=log)
with open("x.txt", "w") as out:
    print(1 + shift * OUT, file=out)
"""
TEXT = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py {shift}"
[second]
run = "{python} -S -E {folder}/two.py {shift} {case}"
[case.small]
values = { shift = 0.001 }
[case.large]
values = { shift = 0.002 }
[output.x]
file = "x.txt"
bound = { rel = 1e-2 }
[trace.steps]
file = "t.log"
"""


def made(folder, bound, size=1.5, count=5, out=1, tail=""):
    folder.mkdir(exist_ok=True)
    for name, one, whole in (("one", 1, 5), ("two", size, count)):
        text = PROGRAM.replace("NAME", name).replace("SIZE", str(one)).replace("COUNT", str(whole))
        (folder / f"{name}.py").write_text(text.replace("OUT", str(out if name == "two" else 1)))
    (folder / "parity.toml").write_text(TEXT + bound + "\n" + tail)
    return folder / "parity.toml"


def run(path, *words):
    reports = path.parent / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    status = pair(["run", "--file", str(path), "--reports", str(reports), "-q", *words])
    (bundle,) = [found.parent for found in reports.rglob("metrics.json")]
    return status, json.loads((bundle / "metrics.json").read_text()), bundle
