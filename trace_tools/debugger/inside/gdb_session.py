"""A program run to the places of a tap map, and what is done there. Runs inside gdb."""

import json
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gdb_values import UnreadableError, expression_values, index_of, is_outer, is_true

FATAL = ("SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL", "SIGBUS", "SIGTRAP", "SIGSYS")
LOOP = "loop"
MOST_RECORDS = 2000000


class TapRecorder:
    """What is read, what could not be, and whether the loops stand in the pixel that is asked for."""

    def __init__(self, job, stream):
        self.pixel = job["pixel"]
        self.stream = stream
        self.captured = {}
        self.problems = {}
        self.records = 0
        self.open = job["gate"] is None
        self.has_gate = not self.open
        self.memo = {}

    def index_of(self, expression):
        """Return a whole number, evaluated once a stop."""
        if expression not in self.memo:
            self.memo[expression] = index_of(expression)
        return self.memo[expression]

    def wants(self, _row):
        """Tell whether anything is done at a place in this run."""
        return True

    def capture(self, captures):
        """Keep loop indices for the places further in."""
        for key, expression in captures:
            try:
                self.captured[key] = self.index_of(expression)
            except UnreadableError as error:
                self.problem("context." + key, expression, error)

    def problem(self, name, expression, error):
        """Note the first reason why something cannot be read."""
        self.problems.setdefault(name, [expression, str(error)])

    def index(self, tap, key):
        """Return a loop index of a tap."""
        expression = tap["context"].get(key)
        if expression is not None:
            return self.index_of(expression)
        if key not in self.captured:
            raise UnreadableError(f"its loop index '{key}' has not been read yet")
        return self.captured[key]

    def tap(self, tap):
        """Read one tap where it is wanted."""
        name = tap["name"]
        if name in self.problems or (tap["loop"] and not self.open):
            return
        expression = ""
        try:
            context = []
            for key in tap["keys"] if tap["repeat"] is None else []:
                expression = tap["context"].get(key, "")
                context.append(self.index(tap, key))
            if tap["loop"] and not self.has_gate and context[:2] != self.pixel:
                return
            expression = tap["condition"] or ""
            if expression and not is_true(expression):
                return
            if tap["repeat"] is None:
                self.values(tap, context)
                return
            expression = tap["repeat"]
            for turn in range(index_of(expression)):
                gdb.set_convenience_variable("i", turn)
                self.values(tap, [turn])
        except UnreadableError as error:
            self.problem(name, expression, error)

    def values(self, tap, context):
        """Write one record."""
        found = []
        for expression in tap["values"]:
            try:
                found += expression_values(expression, tap["kind"])
            except UnreadableError as error:
                self.problem(tap["name"], expression, error)
                return
        self.records += 1
        if self.records > MOST_RECORDS:
            raise gdb.GdbError(f"more than {MOST_RECORDS} records")
        self.stream.write(json.dumps([tap["name"], context, found]) + "\n")


class TapStop(gdb.Breakpoint):
    """A breakpoint where taps are read, at once or when the statement is done."""

    def __init__(self, row, session):
        super().__init__(source=row["file"], line=row["line"], internal=True)
        self.silent = True
        self.row = row
        self.session = session
        self.hits = 0

    def stop(self):
        """Read at once, or ask for a stop to step over the statement."""
        if self.row["after"]:
            self.session.waiting.append(self)
            return True
        self.look()
        return False

    def is_at(self, row):
        """Tell whether this is at the line of another row."""
        return (self.row["file"], self.row["line"]) == (row["file"], row["line"])

    def look(self):
        """Read all taps of the place."""
        self.hits += 1
        recorder = self.session.recorder
        recorder.memo.clear()
        recorder.capture(self.row["captures"])
        for tap in self.row["taps"]:
            recorder.tap(tap)


class PixelStop(gdb.Breakpoint):
    """A breakpoint at the start of every pixel; it stops where the pixel begins or ends that is wanted."""

    def __init__(self, row, session):
        super().__init__(source=row["file"], line=row["line"], internal=True)
        self.silent = True
        self.row = row
        self.session = session
        self.hits = 0

    def stop(self):
        """Stop only where something changes."""
        recorder = self.session.recorder
        self.hits += 1
        try:
            at = [index_of(self.row["s"]), index_of(self.row["f"])]
        except UnreadableError as error:
            recorder.problem("pixel", f"{self.row['s']}, {self.row['f']}", error)
            return False
        recorder.captured["s"], recorder.captured["f"] = at
        return (at == recorder.pixel) != recorder.open


class Session:
    """Runs of the program, one after the other, each with a recorder of its own."""

    def __init__(self, job):
        self.job = job
        gdb.events.stop.connect(self.stopped)
        gdb.events.exited.connect(self.exited)
        self.places = [TapStop(row, self) for row in job["places"]]
        self.gate = None if job["gate"] is None else PixelStop(job["gate"], self)

    def begin(self, recorder):
        """Make ready for another run."""
        self.recorder = recorder
        self.waiting = []
        self.end = {"exit": None, "signal": None, "where": None}
        self.over = False
        self.opened = False
        for stop in self.places:
            stop.hits = 0
            stop.enabled = recorder.wants(stop.row)
        if self.gate is not None:
            self.gate.hits = 0
            self.gate.enabled = True
            self.set_gated(False)

    def stopped(self, event):
        """Note where a signal ends the program."""
        if isinstance(event, gdb.SignalEvent):
            frame = gdb.newest_frame()
            sal = frame.find_sal()
            line = f"{os.path.basename(sal.symtab.filename)}:{sal.line}" if sal.symtab else "?"
            self.end["signal"] = event.stop_signal
            self.end["where"] = f"{frame.name()}, {line}"
            self.over = True

    def exited(self, event):
        """Note the exit status."""
        self.end["exit"] = getattr(event, "exit_code", None)
        self.over = True

    def set_gated(self, is_open):
        """Switch the places inside the pixel loop on or off."""
        for place in self.places:
            if self.gate is not None and place.row["gated"]:
                place.enabled = is_open and self.recorder.wants(place.row)

    def run(self, recorder):
        """Run to the end."""
        self.begin(recorder)
        gdb.execute("run", to_string=True)
        while not self.over:
            if self.waiting:
                self.finish_waiting(0)
            elif self.gate is not None and self.gate.hits:
                self.turn_gate()
            if not self.over:
                gdb.execute("continue", to_string=True)

    def turn_gate(self):
        """Open or close, as the pixel begins or ends."""
        if (self.recorder_at() == self.recorder.pixel) == self.recorder.open:
            return
        self.recorder.open = not self.recorder.open
        self.set_gated(self.recorder.open)
        self.opened = True
        if not self.recorder.open:
            self.gate.enabled = False
            return
        for place in self.places:
            if place.enabled and place.row["gated"] and place.is_at(self.job["gate"]):
                self.waiting.append(place)
        self.finish_waiting(0)

    def recorder_at(self):
        """Return the pixel that the gate saw last."""
        return [self.recorder.captured.get("s"), self.recorder.captured.get("f")]

    def finish_waiting(self, nesting):
        """Step over the statements that are to be done before their taps are read."""
        places, self.waiting = self.waiting, []
        for place in places:
            if place.row["after"]:
                self.step_over(place, nesting)
            else:
                place.look()

    def step_over(self, place, nesting):
        """Go on until the statement is done in the frame where it began, then read."""
        depth = level()
        while not self.over:
            gdb.execute("finish" if level() > depth else "next", to_string=True)
            if self.waiting and not self.over:
                self.finish_waiting(nesting + 1)
            if self.over:
                return
            if level() < depth:
                self.left(place)
                place.look()
                return
            line = gdb.newest_frame().find_sal().line
            if level() == depth and not place.row["line"] <= line <= place.row["last_line"]:
                place.look()
                return

    def left(self, place):
        """Note that a statement ended its function, where values of that function are gone."""
        for tap in place.row["taps"]:
            if all(is_outer(text) for text in tap["values"]):
                continue
            reason = 'the statement leaves the function; give when = "before", or another anchor'
            self.recorder.problem(tap["name"], "; ".join(tap["values"]), reason)


def level():
    """Return how many functions are being executed."""
    count, frame = 0, gdb.newest_frame()
    while frame is not None:
        count, frame = count + 1, frame.older()
    return count


def tell_gdb(job):
    """Tell gdb how to run the program."""
    for words in job["settings"]:
        gdb.execute(words, to_string=True)
    gdb.execute("handle all nostop print pass", to_string=True)
    for name in FATAL:
        if name != "SIGTRAP":
            gdb.execute(f"handle {name} stop print pass", to_string=True)


def architecture():
    """Return what gdb calls the machine that the program is for."""
    try:
        return gdb.selected_inferior().architecture().name()
    except (gdb.error, AttributeError):
        return "unknown"
