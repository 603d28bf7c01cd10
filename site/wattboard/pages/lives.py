"""Pages beside the results: the corrections log, the queue, models without a result, the hosts' control charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.fleet.control_chart import BASE
from wattboard.charts import hosts as control_charts
from wattboard.life import corrections, notes
from wattboard.pages import filling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.listings import Site

GROUPS = {
    "running": ("Being measured", "A host measures them now, or its lease has not passed."),
    "queued": ("Waiting", "In the order in which they are measured: organisations and submitters take turns."),
    "failed": ("Failed", "Through the model itself: what to do stands beside each."),
    "withdrawn": ("Withdrawn", "Measured no more, each with its public note."),
}


def log(site: Site) -> str:
    """Give the corrections log."""
    return filling.filled("corrections.j2", entries=corrections.log(site.life.events), base="../")


def queue(site: Site) -> str:
    """Give the queue."""
    groups = [
        (name, *words, found)
        for name, words in GROUPS.items()
        if (found := [one for one in site.life.waiting if one.state == name])
    ]
    return filling.filled("queue.j2", groups=groups, as_of=site.life.as_of, measured=measured(site), base="../")


def hosts(site: Site) -> str:
    """Give the control charts of the hosts."""
    charts = control_charts.charts(site.filed)
    drawn = control_charts.drawn(charts)
    return filling.filled("hosts.j2", charts=charts, drawn=drawn, base_sessions=BASE)


def measured(site: Site) -> frozenset[str]:
    """Name the models that have a page: with a result, or for what is said of them."""
    return frozenset([one.id for one in site.profiles])


def absent(site: Site) -> Iterator[tuple[str, str, str]]:
    """Give the page of every model without a result of which something is said: name, description, HTML."""
    for model, told in notes.absent(site.life, measured(site)).items():
        body = filling.filled("absent.j2", model=model, notes=told, base="../../../")
        yield model, f"{model}: no result here. {_about(told)}", body


def _about(told: notes.Notes) -> str:
    if any(one.kind == "withdrawal" for one in told.entries):
        return "Its results were withdrawn."
    if told.stands:
        return f"Its submission is {told.stands[0].state}."
    return "What people measured themselves is not checked, and gives no star."
