"""Site -> the documents of the API, one at a time, in their strict forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench import evidence
from wattboard import frame, profiles
from wattboard.advising import grids
from wattboard.advising.comparisons import WHY
from wattboard.api import archives, beside, lives, places
from wattboard.api.places import address, document
from wattboard.api.results import frozen, known_of, result
from wattboard.founding import cohorts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattboard.api import forms
    from wattboard.api.history import Event
    from wattboard.api.results import Known
    from wattboard.gathering.filed import Filed
    from wattboard.listings import Listing, Profile, Result, Site
    from wattboard.profiles import Atlas

LICENCE = "CC0-1.0"
NOTHING_SAID: Mapping[str, Sequence[Mapping[str, Any]]] = {"notes": [], "self_reported": []}


@dataclass(frozen=True, slots=True)
class Shared:
    """What documents share: what ratings do not say, what each model was made from, and the root of its lineage.

    `notes` are the entries of the corrections log, `claims` what people measured themselves; `said` has both by model.
    """

    known: Known
    bases: Mapping[str, str | None]
    lineage: Mapping[str, str]
    notes: Sequence[Mapping[str, Any]]
    claims: Sequence[Mapping[str, Any]]
    said: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


def shared(site: Site) -> Shared:
    """Gather what the documents of a site share."""
    bases = cohorts.declared(frame.frame(site.filed))
    notes, claims = lives.log(site.life), [lives.claim(one) for one in site.life.claims]
    said = {
        model: {
            "notes": [one for one in notes if one["model"] == model],
            "self_reported": [one for one in claims if one["model"] == model],
        }
        for model in {one["model"] for one in (*notes, *claims)}
    }
    return Shared(known_of(site), bases, cohorts.lineages(bases), notes, claims, said)


def of_board(listing: Listing, told: Shared, atlas: Atlas) -> Iterator[tuple[str, forms.Document]]:
    """Give a board's own documents: as it is now, its switches, and as each edition rates it."""
    name = listing.board.name
    yield _board(listing, told.known, atlas)
    reasons = [{"name": name, "text": text} for name, text in WHY.items()]
    models = list(beside.others(listing, atlas))
    yield document("switches", {"board": name}, board=name, reasons=reasons, models=models)
    for opened in atlas.site.editions:
        if name in opened.boards:
            yield archives.board(name, opened, atlas.site, told.known)


def of_model(profile: Profile, told: Shared, atlas: Atlas) -> tuple[str, forms.Document]:
    """Give a model's own document."""
    root = told.lineage.get(profile.id, profile.id)
    return _model(profile, told.known, atlas, told.bases.get(profile.id), root, told.said.get(profile.id, NOTHING_SAID))


def of_site(site: Site, events: Sequence[Event], told: Shared) -> Iterator[tuple[str, forms.Document]]:
    """Give the documents that are of no single board or model."""
    yield _index(site)
    listed = {one.board.name for one in site.listings}
    for opened in site.editions:
        yield archives.edition(opened)
        yield archives.index(opened, site)
        for name in sorted(set(opened.boards) - listed):  # frozen, and no run of them is left
            yield archives.board(name, opened, site, told.known)
    yield archives.changed(events)
    left = [
        {
            "file": one.file,
            "reasons": [dict(zip(("where", "message", "remedy"), why, strict=True)) for why in one.reasons],
        }
        for one in site.left_out
    ]
    yield document("left-out", {}, files=left)
    yield document("corrections", {}, entries=told.notes)
    yield document("queue", {}, as_of=site.life.as_of, submissions=lives.queue(site.life))
    yield document("self-reported", {}, results=told.claims)
    yield _grids()
    yield document("lineages", {}, **archives.families(site, told.lineage))


def _index(site: Site) -> tuple[str, forms.Document]:
    boards = [
        {
            "board": one.board.name,
            "task": one.board.task,
            "kind": one.board.kind,
            "edition": one.edition.id if one.edition else None,
            "headline": one.headline,
            "models": len(one.all),
            "json": address("board", board=one.board.name),
            "csv": f"api/v1/boards/{one.board.name}.csv",
            "parquet": f"api/v1/boards/{one.board.name}.parquet",
            "switches": address("switches", board=one.board.name),
            "page": f"boards/{one.board.name}/",
        }
        for one in site.listings
    ]
    models = [{"model": one.id, "json": _of_model(one.id), "page": f"models/{one.id}/"} for one in site.profiles]
    editions = [
        {
            "edition": one.edition.id,
            "kind": one.edition.kind,
            "json": address("edition", edition=one.edition.id),
            "index": address("edition-index", edition=one.edition.id),
        }
        for one in site.editions
    ]
    files = {
        "changes": address("changes"),
        "csv": places.CSV,
        "feeds": [places.ATOM, places.JSON_FEED],
        "grids": address("grids"),
        "corrections": address("corrections"),
        "queue": address("queue"),
        "self_reported": address("self-reported"),
        "left_out": address("left-out"),
        "lineages": address("lineages"),
        "openapi": places.OPENAPI,
        "parquet": places.PARQUET,
        "schemas": [f"{places.SCHEMAS}/{name}.json" for name in sorted([*(one.name for one in places.FORMS), "run"])],
        "submission_schema": places.SUBMISSION,
    }
    told = {"boards": boards, "models": models, "editions": editions, "files": files}
    return document("index", {}, newest_run=site.newest, licence=LICENCE, **told)


def _grids() -> tuple[str, forms.Document]:
    world, *countries = (
        {"country": name, "grams_co2e_per_kwh": grams} for name, grams in (grids.WORLD, *grids.GRAMS_PER_KWH)
    )
    where = {"source": grids.SOURCE, "address": grids.ADDRESS, "licence": grids.LICENCE}
    return document("grids", {}, year=grids.YEAR, **where, world=world, countries=countries)


def _of_model(model: str) -> str:
    org, name = model.split("/", 1)
    return address("model", org=org, name=name)


def _board(listing: Listing, known: Known, atlas: Atlas) -> tuple[str, forms.Document]:
    board, metric = listing.board, listing.task.metric
    groups = {
        "recommended": listing.recommended,
        "below-recommended": listing.below,
        "unrated": listing.unrated,
    }
    results = [
        result(
            one,
            known,
            frontier=one.model in listing.frontier,
            group=group,
            standing=beside.place(one.model, listing, atlas),
        )
        for group, rated in groups.items()
        for one in rated
    ]
    return document(
        "board",
        {"board": board.name},
        board=board.name,
        task=board.task,
        version=board.version,
        sku=board.sku,
        devices=board.count,
        precision=board.precision,
        scenario=board.scenario,
        reasoning=board.reasoning,
        meter=board.meter,
        title=listing.task.title,
        query=listing.task.query,
        metric={
            "name": metric.name,
            "unit": metric.unit,
            "higher_is_better": metric.higher_is_better,
            "floor": metric.floor,
            "margin": metric.margin,
        },
        kind=board.kind,
        edition=listing.edition.id if listing.edition else None,
        headline=listing.headline,
        counts={
            "models": len(listing.all),
            "recommended": len(listing.recommended),
            "below_recommended": len(listing.below),
            "unrated": len(listing.unrated),
            "frontier": len(listing.frontier),
        },
        pick=listing.pick.model if listing.pick else None,
        saving=beside.saving(listing, atlas),
        switches=[beside.switch(one, board.kind) for one in profiles.switches(listing, atlas)],
        frozen=frozen(listing.frozen, board.kind) if listing.frozen else None,
        results=results,
    )


def _model(
    profile: Profile, known: Known, atlas: Atlas, base: str | None, lineage: str, told: Mapping[str, Any]
) -> tuple[str, forms.Document]:
    org, name = profile.id.split("/", 1)
    return document(
        "model",
        {"org": org, "name": name},
        model=profile.id,
        page=f"models/{profile.id}/",
        base_model=base,
        lineage=lineage,
        results=[_own(profile, one, known, atlas) for one in profile.results],
        earlier_revisions=[result(one, known) for one in profile.earlier],
        notes=told["notes"],
        self_reported=told["self_reported"],
    )


def _own(profile: Profile, one: Result, known: Known, atlas: Atlas) -> dict[str, Any]:
    edition = one.listing.edition
    return result(
        one.rating,
        known,
        headline=one.listing.headline,
        badge=f"badges/v1/{profile.id}/{one.rating.board}.svg",
        permanent_badge=f"editions/{edition.id}/badges/{profile.id}/{one.rating.board}.svg" if edition else None,
        board_json=address("board", board=one.rating.board),
        **beside.spent([filed.run for filed in one.runs], one.rating.kind),
        history=beside.past(atlas.past.get((profile.id, one.rating.board), ())),
        runs=[_run(profile, filed) for filed in one.runs],
    )


def _run(profile: Profile, filed: Filed) -> dict[str, Any]:
    place = f"runs/{profile.id}/{filed.name}"
    signed = filed.signer is not None
    return {
        "sha256": filed.digest,
        "role": filed.role,
        "session": filed.session,
        "measured_at": filed.measured_at,
        "path": place,
        "signer": filed.signer,
        "envelope": f"runs/{profile.id}/{evidence.envelope_of(filed.path).name}" if signed else None,
    }
