"""Runs a program to the places of a tap map and writes what it holds there. Runs inside gdb.

The job is the JSON file that NB_GDB_JOB names; records go to its "records", one JSON list a line.
"""

import json
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gdb_session import Session, TapRecorder, architecture, tell_gdb


def main():
    """Do the job."""
    with open(os.environ["NB_GDB_JOB"], encoding="utf-8") as stream:
        job = json.load(stream)
    report = {"started": True, "gdb": gdb.VERSION, "error": None}
    with open(job["records"], "w", encoding="utf-8") as stream:
        try:
            tell_gdb(job)
            session = Session(job)
            session.run(TapRecorder(job, stream))
            report["end"] = session.end
            report["hits"] = [place.hits for place in session.places]
            report["gate"] = None if session.gate is None else [session.gate.hits, session.opened]
            report["problems"] = session.recorder.problems
        except Exception as error:  # gdb would print it among its own lines
            report["error"] = str(error) or type(error).__name__
        finally:
            report["architecture"] = architecture()
    with open(job["report"], "w", encoding="utf-8") as stream:
        json.dump(report, stream)


main()
