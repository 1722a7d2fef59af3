"""The counterexample corpus: every failing case found is kept as a file and runs first next time."""

from __future__ import annotations

from pathlib import Path

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from fixtures.types import Case
from suite.results.cases import case_from_json, case_id, case_text


class Corpus:
    """Failing cases by contract, one JSON file each, in a folder that can be kept under version control."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def cases(self, contract: str) -> list[Case]:
        """The known counterexamples of a contract, oldest name first; UserError names a file that is not readable."""
        return [self._read(path) for path in sorted((self.folder / contract).glob("*.json"))]

    def keep(self, contract: str, case: Case) -> Path:
        """Store a case, once; the file appears whole or not at all. UserError if it cannot be written."""
        path = self.folder / contract / f"{case_id(case)}.json"
        if not path.exists():
            write_text(path, case_text(case))
        return path

    def called(self, beginning: str) -> list[tuple[str, Case]]:
        """The counterexamples whose ID begins like this, each with its contract; UserError for an unreadable one."""
        return [(path.parent.name, self._read(path)) for path in sorted(self.folder.glob(f"*/{beginning}*.json"))]

    @staticmethod
    def _read(path: Path) -> Case:
        try:
            return case_from_json(read_json(path, own=True))
        except (UserError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = error.problem if isinstance(error, UserError) else error
            hint = "delete the file, or restore it"
            raise UserError(str(path), f"this counterexample cannot be read: {why}", hint=hint) from None
