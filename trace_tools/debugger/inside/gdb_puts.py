"""Runs a program again and again, each time with other values at some taps. Runs inside gdb.

The job is the JSON file that NB_GDB_JOB names; each of its "puts" is one run: for each tap the loop indices
of its records and the numbers, as ["float", hexadecimal] or ["int", digits]. The first run puts nothing in;
the others are left out if it does not give the "wanted" value.
"""

import json
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gdb_session import Session, TapRecorder, architecture, tell_gdb
from gdb_values import UnreadableError, evaluated, number_texts, put_number

MADE = {"float": float.fromhex, "int": int}


class PutRecorder(TapRecorder):
    """What is put in during one run, and the value that is read at its end."""

    def __init__(self, job, puts):
        super().__init__(job, None)
        self.puts = {name: {tuple(where): numbers for where, numbers in rows} for name, rows in puts.items()}
        self.done = dict.fromkeys(puts, 0)
        self.read = None
        active = [tap for row in job["places"] for tap in row["taps"] if self.is_active(tap)]
        self.needed = {key for tap in active for key in tap["keys"] if key not in tap["context"]}

    def is_active(self, tap):
        """Tell whether a tap is read, or put in during this run."""
        return not tap["put"] or tap["name"] in self.puts

    def wants(self, row):
        """See `TapRecorder.wants`."""
        kept = any(key in self.needed for key, _ in row["captures"])
        return kept or any(self.is_active(tap) for tap in row["taps"])

    def tap(self, tap):
        """See `TapRecorder.tap`."""
        if self.is_active(tap):
            super().tap(tap)

    def values(self, tap, context):
        """Put the numbers of a record in, or keep the value that is read."""
        if not tap["put"]:
            self.read = (float(evaluated(tap["values"][0])) * tap["factor"]).hex()
            return
        numbers = self.puts[tap["name"]].get(tuple(context))
        if numbers is None:
            return
        texts = [part for text in tap["values"] for part in number_texts(text)]
        if len(texts) != len(numbers):
            raise UnreadableError(f"it has {len(texts)} numbers, and the tap {len(numbers)}")
        times = 1 if tap["times"] is None else float(evaluated(tap["times"]))
        for text, (kind, number) in zip(texts, numbers):
            put_number(text, MADE[kind](number) * times)
        self.done[tap["name"]] += 1


def run_all(job, session):
    """Run once for each set of values and return what came of each."""
    found = []
    for puts in job["puts"]:
        recorder = PutRecorder(job, puts)
        session.run(recorder)
        found.append(
            {"end": session.end, "read": recorder.read, "done": recorder.done, "problems": recorder.problems}
        )
        if found[0]["read"] != job["wanted"]:
            break
    return found


def main():
    """Do the job."""
    with open(os.environ["NB_GDB_JOB"], encoding="utf-8") as stream:
        job = json.load(stream)
    report = {"started": True, "gdb": gdb.VERSION, "error": None, "runs": []}
    try:
        tell_gdb(job)
        report["runs"] = run_all(job, Session(job))
    except Exception as error:  # gdb would print it among its own lines
        report["error"] = str(error) or type(error).__name__
    finally:
        report["architecture"] = architecture()
    with open(job["report"], "w", encoding="utf-8") as stream:
        json.dump(report, stream)


main()
