"""Imported editions -> their own pages: never among measured boards, in their rankings or in their sentences. Pure.

imported/                     whose results these are
imported/EDITION/             what is pooled, the boards, what was found in the file
imported/EDITION/BOARD/       a board: outlined stars, energy against batch size where the source has it
imported/models/ORG/NAME/     a model by its name on the Hub, stamped into a shell of its own
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from wattboard import pages
from wattboard.charts import imported_charts
from wattboard.imports.sheets import spans
from wattboard.pages import Stamp, filling
from wattboard.pages.slots import markdown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from wattboard.charts.imported_charts import Ladders
    from wattboard.imports import Finding, Imported, ImportedBoard, ImportedEdition, ImportedRow

ROOT = "imported"
SHELL = f"{ROOT}/models/_org/_name"  # as deep as the pages that are stamped into it
KINDS = {
    "duplicate": "two rows disagree",
    "output-length": "length of its answers differs",
    "off-curve": "off its curve",
    "between-gpus": "odd between GPUs",
    "far-off": "far off the others",
}


@dataclass(frozen=True, slots=True)
class ImportedResult:
    """A model's row on one imported board, and its curves there."""

    edition: ImportedEdition
    board: ImportedBoard
    row: ImportedRow
    drawn: Ladders | None


@dataclass(frozen=True, slots=True)
class ImportedProfile:
    """A model and all that was imported of it; `measured` tells whether it has a page of its own results."""

    id: str
    results: tuple[ImportedResult, ...]
    measured: bool

    @property
    def organisation(self) -> str:
        """The part of its name before the stroke."""
        return self.id.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class ImportedPages:
    """What goes to MkDocs, into its slots, and into the shell of imported models."""

    docs: dict[str, str]
    slots: dict[str, dict[str, str]]
    models: tuple[Stamp, ...]


def render(imported: Sequence[Imported], measured: Collection[str], address: str = "/") -> ImportedPages:
    """Render all imported editions; `measured` are the models that have pages of measured results."""
    if not imported:
        return ImportedPages({}, {}, ())
    drawn = {(one.edition.id, board.board): imported_charts.ladders(board) for one in imported for board in boards(one)}
    known = profiles(imported, frozenset(measured), drawn)
    docs: dict[str, str] = {}
    slots: dict[str, dict[str, str]] = {}

    def add(place: str, title: str, about: str, template: str, *, search: bool = True, **told: object) -> None:
        base = "../" * (place.count("/") + 1)
        docs[f"{place}/index.md"] = markdown(title, about, "imported", search=search)
        slots[f"{place}/index.html"] = {"imported": _filled(template, base=base, **told)}

    about = "Results that others published, apart from what was measured here: single values, outlined stars."
    add(ROOT, "Imported results", about, "imported.j2", imported=imported, models=known)
    add(f"{ROOT}/models", "Imported models", "Every model with an imported result.", "imported_models.j2", models=known)
    docs[f"{SHELL}.md"] = markdown(pages.SHELL_TITLE, pages.SHELL_DESCRIPTION, "model", search=False)
    for one in imported:
        edition = one.edition
        about = f"{len(one.boards)} boards imported from {edition.source.name}."
        add(f"{ROOT}/{edition.id}", edition.title, about, "imported_edition.j2", one=one, groups=grouped(one))
        for board in boards(one):
            add(
                f"{ROOT}/{edition.id}/{board.board}",
                f"{board.title}, imported",
                f"{len(board.rows)} models, single values imported from {edition.source.name}.",
                "imported_board.j2",
                edition=edition,
                board=board,
                drawn=drawn[edition.id, board.board],
                found=findings(edition, board.rows),
            )
    return ImportedPages(docs, slots, tuple(_stamp(profile, address) for profile in known))


def profiles(
    imported: Sequence[Imported], measured: Collection[str], drawn: dict[tuple[str, str], dict[str, Ladders]]
) -> tuple[ImportedProfile, ...]:
    """Give every imported model with its results. Of two names that differ only in case the first has a page."""
    found: dict[str, list[ImportedResult]] = {}
    for one in imported:
        for board in boards(one):
            curves = drawn[one.edition.id, board.board]
            for row in board.rows:
                found.setdefault(row.model, []).append(ImportedResult(one.edition, board, row, curves.get(row.model)))
    spelt: dict[str, str] = {}
    names = [name for name in sorted(found) if spelt.setdefault(name.casefold(), name) == name]
    return tuple(ImportedProfile(name, tuple(found[name]), name in measured) for name in names)


def boards(one: Imported) -> list[ImportedBoard]:
    """Give an edition's boards in the order of its pages: by what was asked, then by name."""
    return sorted(one.boards.values(), key=lambda board: (board.source_task, board.gpu or "", board.board))


def grouped(one: Imported) -> list[tuple[str, list[ImportedBoard]]]:
    """Group an edition's boards by the task that its source names."""
    return [(task, list(some)) for task, some in groupby(boards(one), key=lambda board: board.source_task)]


def findings(edition: ImportedEdition, rows: Sequence[ImportedRow]) -> list[Finding]:
    """Give what was found in the lines behind some rows."""
    lines = {line for row in rows for line in row.rows}
    return [finding for finding in edition.findings if lines & set(finding.rows)]


def _stamp(profile: ImportedProfile, address: str) -> Stamp:
    found = list(_found(profile))
    body = _filled("imported_model.j2", base="../../../../", profile=profile, found=found, address=address)
    sources = " and ".join(sorted({one.edition.source.name for one in profile.results}))
    return Stamp(profile.id, f"{profile.id}, imported", f"What {sources} published of {profile.id}'s energy.", body)


def _found(profile: ImportedProfile) -> Iterator[Finding]:
    """Give what was found of a model, each finding once."""
    told = [finding for one in profile.results for finding in findings(one.edition, [one.row])]
    yield from (one for index, one in enumerate(told) if one not in told[:index])


def _filled(template: str, **values: object) -> str:
    return filling.filled(template, strip=imported_charts.strip, spans=spans, KINDS=KINDS, **values)
