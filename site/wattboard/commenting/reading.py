"""What a check found, read from a file that may come from anybody: JSON of `wattbench check`, or an archive with it.

A pull request decides what its own check writes. So sizes are bounded before anything is unpacked or parsed, every
field is of its form or refused, and what is only to be shown is kept as text and never followed.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wattbench import tasks
from wattbench.boards import Board
from wattbench.legible import legible
from wattbench.problems import Problem, Refusal, refuse
from wattbench.submissions import ModelId
from wattboard.commenting import Asked, Way

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 256 * 1024  # bytes, packed and unpacked
INSIDE = "check.json"
REMEDY = "Give what `wattbench check --format json` writes"


def _known_board(name: str) -> str:
    if Board.parse(name).task not in tasks.names():
        raise ValueError("there is no such task")
    return name


Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(max_length=300), AfterValidator(_known_board)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Told(_Form):
    """A problem or a note: text to be shown."""

    file: Text
    field: Text
    message: Text
    remedy: Text


class Looked(_Form):
    """What the Hub says of a model, as far as a comment needs it."""

    parameters: Annotated[int, Field(ge=1, le=10**15)] | None = None


class Submitted(_Form):
    """A submission that could be read."""

    path: Text
    good: bool
    model: ModelId
    revision: Annotated[str, Field(max_length=200)] | None = None
    base_model: ModelId | None = None
    boards: Annotated[tuple[Name, ...], Field(max_length=1000, strict=False)]
    hub: Looked | None = None

    @property
    def asked(self) -> Asked:
        """The submission as a comment sees it."""
        boards = dict.fromkeys(
            Way(one.task, one.precision, one.scenario, one.reasoning) for one in map(Board.parse, self.boards)
        )
        parameters = self.hub.parameters if self.hub else None
        return Asked(self.path, self.model, self.revision or "", tuple(boards), parameters, self.base_model)


class Found(_Form):
    """A check's document."""

    schema_: Literal[1] = Field(alias="schema")
    ok: bool
    hub: Literal["not asked", "asked", "unreachable"]
    submissions: Annotated[tuple[Submitted, ...], Field(max_length=200, strict=False)]
    problems: Annotated[tuple[Told, ...], Field(max_length=5000, strict=False)]
    notes: Annotated[tuple[Told, ...], Field(max_length=5000, strict=False)]

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong: by the problems that are there, not by what the document says of itself."""
        return self.ok and not self.problems


def read(file: Path) -> Found:
    """Read a check's document, or the archive that holds it. Raises Refusal for anything else."""
    try:
        with file.open("rb") as handle:
            data = handle.read(LARGEST + 1)
    except OSError as error:
        raise refuse(file, "", f"cannot be read: {error.strerror}", REMEDY) from None
    if len(data) > LARGEST:
        raise refuse(file, "", f"is larger than {LARGEST // 1024} KiB", REMEDY)
    return from_bytes(_unpacked(data, file) if data.startswith(b"PK") else data, file)


def from_bytes(data: bytes, file: object = INSIDE) -> Found:
    """Read a check's document from its bytes. Raises Refusal naming every field that is wrong."""
    try:
        return Found.model_validate_json(data)
    except ValidationError as error:
        raise Refusal(
            Problem(
                str(file),
                legible(".".join(map(str, issue["loc"])), 100),
                legible(issue["msg"].removeprefix("Value error, "), 200),
                REMEDY,
            )
            for issue in error.errors(include_input=False, include_context=False, include_url=False)[:20]
        ) from None


def _unpacked(data: bytes, file: Path) -> bytes:
    """Take the one document out of an archive, in memory: no name within decides where anything is written."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = archive.infolist()
            if [one.filename for one in inside] != [INSIDE]:
                raise refuse(file, "", f"holds {len(inside)} files, not {INSIDE} alone", REMEDY)
            with archive.open(inside[0]) as member:
                told = member.read(LARGEST + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise refuse(file, "", f"cannot be unpacked: {legible(str(error), 100)}", REMEDY) from None
    if len(told) > LARGEST:
        raise refuse(file, INSIDE, f"unpacks to more than {LARGEST // 1024} KiB", REMEDY)
    return told
