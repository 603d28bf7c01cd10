"""What lies where: one row a kind of document. JSON Schemas and the OpenAPI description are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattboard.api import archive_forms, changes, forms, lives

if TYPE_CHECKING:
    from pydantic import BaseModel

    from wattboard.api.forms import Document

SCHEMAS = "api/v1/schemas"
CSV = "api/v1/leaderboard.csv"
PARQUET = "api/v1/leaderboard.parquet"
OPENAPI = "api/v1/openapi.json"
SUBMISSION = "api/v1/submission.schema.json"
ATOM = "feed.xml"
JSON_FEED = "feed.json"
LLMS = "llms.txt"
CITATION = "CITATION.cff"


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: its schema's name, its model, where it lies with its parameters in braces, what it is."""

    name: str
    model: type[BaseModel]
    path: str
    about: str


FORMS = (
    Form("index", forms.Index, "api/v1/index.json", "Every board, model and edition, with addresses"),
    Form(
        "board", forms.BoardFile, "api/v1/boards/{board}.json", "A board: results in the order of its page, thresholds"
    ),
    Form(
        "model", forms.ModelFile, "api/v1/models/{org}/{name}.json", "A model: its results on all boards, runs, lineage"
    ),
    Form(
        "switches",
        archive_forms.SwitchesFile,
        "api/v1/switches/{board}.json",
        "A board's models beside one another: what a switch saves, and whether that may be claimed",
    ),
    Form(
        "edition",
        archive_forms.EditionFile,
        "api/v1/editions/{edition}.json",
        "An edition: its rule and every threshold",
    ),
    Form("edition-index", archive_forms.EditionIndex, "editions/{edition}/index.json", "An edition's boards, for good"),
    Form(
        "edition-board",
        archive_forms.EditionBoardFile,
        "editions/{edition}/boards/{board}.json",
        "A board as one edition rates it, for good",
    ),
    Form(
        "changes",
        changes.ChangesFile,
        "api/v1/changes.json",
        "The newest changes of ratings, and where all of them are",
    ),
    Form("changes-month", changes.MonthFile, "api/v1/changes/{month}.json", "All changes of ratings of a month"),
    Form("corrections", lives.CorrectionsFile, "api/v1/corrections.json", "Published numbers that changed, and why"),
    Form("queue", lives.QueueFile, "api/v1/queue.json", "Submissions that wait to be measured, and those that failed"),
    Form("self-reported", lives.SelfReportedFile, "api/v1/self-reported.json", "What people measured: never a star"),
    Form("left-out", archive_forms.LeftOutFile, "api/v1/left-out.json", "Run files that do not count, and why"),
    Form(
        "grids", archive_forms.GridsFile, "api/v1/grids.json", "CO2e of a kilowatt-hour by country, for your own sums"
    ),
    Form("lineages", archive_forms.LineagesFile, "api/v1/lineages.json", "Which models descend from one another"),
)


def address(kind: str, /, **parts: str) -> str:
    """Give where a document of a form lies below the site."""
    form = next(one for one in FORMS if one.name == kind)
    return form.path.format(**parts)


def document(name: str, parts: dict[str, str], **told: object) -> tuple[str, Document]:
    """Make a document of a form and give its path below the site; `parts` are the parameters of the path."""
    form = next(one for one in FORMS if one.name == name)
    path = form.path.format(**parts)
    up = "../" * path.count("/")
    head = {"schema": forms.VERSION, "$schema": f"{up}{SCHEMAS}/{name}.json"}
    return path, form.model.model_validate(head | told)  # type: ignore[return-value] # every form's model is a Document
