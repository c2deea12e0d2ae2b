"""Why a name is not, or no longer, what its cell says: from what the kernel ran, and the file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.grading.messages import Message, exception
from autograder.student.bindings import Binding, bindings
from autograder.student.history import Run
from autograder.student.saved import SavedCell, SavedNotebook

_AGAIN = "then this check again"


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a kernel when a check is asked for.

    Args:
        names: what the notebook has defined.
        runs: the cells that the kernel has run, the last of them running now.
        saved: the notebook's file, if it is known.
        number_of: which cell's run a code object's file is, 0 for other code.
    """

    names: Mapping[str, Any]
    runs: Sequence[Run]
    saved: SavedNotebook | None
    number_of: Callable[[str], int]

    def absent(self, name: str) -> Message:
        """Return what to say of a name that the kernel does not have."""
        seen = f"`{name}` is not defined in this kernel."
        return Message(seen, advice=f"{self._cause(name)}, {_AGAIN}.")

    def _cause(self, name: str) -> str:
        """Return why the kernel does not have a name, as far as that is known, and what to do."""
        run = self._last(name)
        if run is None:
            return self._never_run(name)
        if run is self.runs[-1]:
            return f"This cell defines `{name}` further down. Move the definition above the check"
        if run.failure is not None:
            return f"Its cell {_failed(run)}. Fix that and run the cell"
        again = f"un the cell that defines `{name}` again"
        if gone := self._deleted(name, run):
            code = gone[1].code.replace("`", "'")
            return f"C{_at(*gone)[1:]} deleted it. Take out `{code}` and r{again}"
        if not run.is_known:
            return (
                f"Cell [{run.number}] has its definition and has run, but how it ended was not "
                "seen. Run it again and read its error, if there is one"
            )
        return (
            f"Cell [{run.number}] defined it, and it is gone since; no cell that has run says "
            f"`del`. R{again}"
        )

    def unknown(self, name: str) -> Message | None:
        """Return what to say where the student's code uses a name that is not defined anywhere.

        None if the code itself may be what is wrong: no cell binds the name at its top level.
        """
        known = self._last(name) or self._saved_cell(name)
        return self.absent(name) if known else None

    def notes(self, name: str, is_right: bool) -> list[str]:
        """Return what to know about a name that the kernel has, before its findings are read."""
        run = self._last(name)
        found = [self._edited(name, run)]
        if run is None:
            return [note for note in found if note]
        made = self._made_by(name)
        if run.failure is not None and made != run.number:
            older = f"as cell [{made}] defined it" if made else "as it was before"
            found.append(
                f"Its cell was last run as [{run.number}] and {_failed(run, number=False)}. What "
                f"is checked here is `{name}` {older}: fix the error and run the cell."
            )
        elif not is_right and (other := self._overwritten(name)):
            found.append(other)
        return [note for note in found if note]

    def _never_run(self, name: str) -> str:
        cell = self._saved_cell(name)
        if cell is None or self.saved is None:
            similar = difflib.get_close_matches(name, self._functions(), 1, 0.75)
            if similar:
                return f"You have `{similar[0]}`. Rename it, run its cell"
            return f"No cell that has run here defines it. Run the cell with `def {name}(…)`"
        where = f"Its cell in `{self.saved.path.name}`"
        advice = "Run that cell and those above it"
        same = (run for run in reversed(self.runs) if cell.cell_id and run.cell_id == cell.cell_id)
        if (other := next(same, None)) is not None:
            ran = f"what ran of this cell, as [{other.number}], did not"
            return f"{where} has it, but {ran}. {advice}"
        if cell.was_run:
            return (
                f"{where} has not been run since this kernel started; the number [{cell.was_run}] "
                f"beside it is of a kernel before this one. {advice}"
            )
        return f"{where} has not been run. {advice}"

    def _functions(self) -> list[str]:
        return [
            name
            for name, value in self.names.items()
            if not name.startswith("_") and self.number_of(_file(value))
        ]

    def _last(self, name: str) -> Run | None:
        """Return the last run whose text binds the name, failed ones too."""
        for run in reversed(self.runs):
            if any(each.kind != "deletes" for each in bindings(run.source, name)):
                return run
        return None

    def _deleted(self, name: str, defined: Run) -> tuple[int, Binding] | None:
        """Return the number and the line of the cell that deleted a name after its definition."""
        later = self.runs[list(self.runs).index(defined) :]
        found = [(run.number, each) for run in later for each in bindings(run.source, name)]
        return found[-1] if found and found[-1][1].kind == "deletes" else None

    def _overwritten(self, name: str) -> str:
        """Return how a later cell has given the name to something else, "" if none has."""
        well = [run for run in self.runs[:-1] if run.failure is None]
        found = [(run, each) for run in well for each in bindings(run.source, name)]
        own = [run for run, each in found if each.kind == "defines" and self._is_own(run, name)]
        if not own or not found or found[-1][0] is own[-1]:
            return self._assigned_below(name, found, own)
        number, binding = found[-1][0].number, found[-1][1]
        return (
            f"`{name}` is no longer what its cell [{own[-1].number}] defined: "
            f"{_at(number, binding)} gave the name to {_kind(self.names.get(name))}. Use another "
            f"name there and run the cell of `{name}` again."
        )

    def _assigned_below(
        self, name: str, found: Sequence[tuple[Run, Binding]], own: Sequence[Run]
    ) -> str:
        """The same within the cell that defines the name."""
        if not own or found[-1][1].kind != "assigns":
            return ""
        return (
            f"`{name}` is no longer what its cell defined: "
            f"{_at(found[-1][0].number, found[-1][1])} gave the name to "
            f"{_kind(self.names.get(name))}. Use another name there."
        )

    def _is_own(self, run: Run, name: str) -> bool:
        """Return whether a run is of the exercise's own cell; unknown counts if it defines it."""
        own = self._own_ids(name)
        return not own or not run.cell_id or run.cell_id in own

    def _own_ids(self, name: str) -> set[str]:
        cells = self.saved.cells if self.saved else ()
        return {cell.cell_id for cell in cells if cell.grade_id == name and cell.cell_id}

    def _edited(self, name: str, run: Run | None) -> str:
        """Return how the saved cell differs from what ran of it, "" if it does not.

        A file that was not saved since the run says nothing: it may be behind the front end.
        """
        cell = self._saved_cell(name)
        if cell is None or run is None or self.saved is None:
            return ""
        if cell.cell_id and any(each.cell_id == cell.cell_id for each in self.runs):
            run = next(each for each in reversed(self.runs) if each.cell_id == cell.cell_id)
        if not run.saved or self.saved.state == run.saved:
            return ""
        line = _first_difference(cell.source, run.source)
        if not line:
            return ""
        return (
            f"The saved cell of `{name}` differs from what was run as [{run.number}], from line "
            f"{line} on. What was run is checked here: run the cell again."
        )

    def _saved_cell(self, name: str) -> SavedCell | None:
        """Return the last saved cell that binds the name; the exercise's own first."""
        cells = self.saved.cells if self.saved else ()
        binding = [
            cell
            for cell in cells
            if any(each.kind != "deletes" for each in bindings(cell.source, name))
        ]
        own = [cell for cell in binding if cell.grade_id == name]
        return next(iter(reversed(own or binding)), None)

    def _made_by(self, name: str) -> int:
        """Return the number of the cell that made the value of a name, 0 if that is unknown."""
        return self.number_of(_file(self.names.get(name)))


def _file(value: Any) -> str:
    """Return the file of a function's code, or of a class's first method."""
    members = vars(value).values() if isinstance(value, type) else (value,)
    for member in members:
        code = getattr(member, "__code__", None)
        if code is not None:
            return str(getattr(code, "co_filename", ""))
    return ""


def _failed(run: Run, number: bool = True) -> str:
    failure = run.failure
    if failure is None:
        return ""
    line = f" in line {failure.line}" if failure.line and failure.cell in (0, run.number) else ""
    code = f": `{failure.code.replace('`', chr(39))}`" if line and failure.code else ""
    which = f"[{run.number}] " if number else ""
    return f"{which}failed with {exception(failure)}{line}{code}"


def _at(number: int, binding: Binding) -> str:
    code = binding.code.replace("`", "'")
    return f"cell [{number}], line {binding.line} (`{code}`)"


def _kind(value: Any) -> str:
    return "None" if value is None else f"something of type `{type(value).__name__}`"


def _first_difference(saved: str, ran: str) -> int:
    """Return the first line that differs, counted from 1; 0 if only blanks at lines' ends do."""
    ours = [line.rstrip() for line in saved.strip("\n").splitlines()]
    theirs = [line.rstrip() for line in ran.strip("\n").splitlines()]
    if ours == theirs:
        return 0
    pairs = enumerate(zip(ours, theirs, strict=False), 1)
    return next((number for number, (a, b) in pairs if a != b), min(len(ours), len(theirs)) + 1)
