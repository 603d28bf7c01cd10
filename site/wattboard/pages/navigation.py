"""The navigation of the site: leaderboards first, then what one does with them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wattboard.listings import Site


def nav(site: Site) -> tuple[Any, ...]:
    """Give the navigation as MkDocs has it: each task's page by its title, all else by the name of its file."""
    headlines = [{one.task.title: f"tasks/{one.task.name}.md"} for one in site.headlines]
    return (
        {"Leaderboards": ["index.md", *headlines, {"Models": "models/index.md"}, {"Families": "families/index.md"}]},
        {"Right-size": "right-size.md"},
        {"Compare": "compare.md"},
        {
            "Method": [
                "method.md",
                {"Tasks": "tasks.md"},
                {"The meter": "meter.md"},
                {"The harness": "harness.md"},
                {"A study of star rules": "study.md"},
                {"Scale": "scale.md"},
                {"Editions and changes": "editions/index.md"},
                {"Corrections": "corrections.md"},
                {"Left out": "left-out/index.md"},
            ]
        },
        {
            "Submit": [
                "submit.md",
                {"The queue": "queue/index.md"},
                {"How it is run": "maintain.md"},
                {"A fleet": "fleet.md"},
            ]
        },
        {"Cite": "cite.md"},
        {"API": "api.md"},
        {"About": "about.md"},
    )
