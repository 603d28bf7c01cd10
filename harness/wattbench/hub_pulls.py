"""Pull requests on the Hub: who asks, which are open, open one as a single commit. Through `hub`'s door.

A commit is sent once and never again by itself: where the answer is lost, the next call finds what was opened.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wattbench import hub, hub_trouble
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wattbench.hub import Repository

# What refuses a write, by status: message, remedy.
_WRITING = {
    401: ("the Hub does not know the token (401)", "Set HF_TOKEN to one that may write to the model"),
    403: (
        "the Hub forbids it (403): the token may not write, or the model takes no pull requests",
        "Use a token that may open pull requests, or allow them in the model's settings",
    ),
    404: ("is not on the Hub, or private (404)", "Check the spelling, or use its owner's token"),
    409: ("it conflicts with what is there now (409)", "Run the same command again: it starts from what is there"),
    412: ("it has changed meanwhile (412)", "Run the same command again: it starts from what is there"),
}


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request on a model."""

    number: int
    title: str
    author: str
    url: str

    @property
    def ref(self) -> str:
        """Where its files are."""
        return f"refs/pr/{self.number}"


def owners() -> frozenset[str]:
    """Name whom the token speaks for: its user and the user's organisations. Raises Refusal."""
    told = _once(lambda: hub.client().whoami(), "HF_TOKEN")
    return frozenset([told["name"], *(one["name"] for one in told.get("orgs") or ())])


def open_pulls(model: str, title: str) -> tuple[Pull, ...]:
    """Give the open pull requests of a title on a model, the newest first. Raises Refusal."""

    def ask() -> list[Any]:
        asked = hub.client().get_repo_discussions
        return list(asked(model, discussion_type="pull_request", discussion_status="open"))

    found = [one for one in hub.persistently(ask, model) if one.is_pull_request and one.title == title]
    pulls = [Pull(one.num, one.title, one.author, one.url) for one in found]
    return tuple(sorted(pulls, key=lambda one: -one.number))


def at(repository: Repository, pull: Pull) -> Repository:
    """Give a repository as a pull request has it."""
    return replace(repository, commit=pull.ref)


def open_pull(repository: Repository, files: Mapping[str, bytes | None], title: str, description: str) -> str:
    """Open a pull request of one commit, from the commit that was looked at; its address. None removes a file.

    Raises Refusal.
    """

    def send() -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the Hub thinks of the owner's own front matter
            done = hub.client().create_commit(
                repository.id,
                hub.operations(files),
                commit_message=title,
                commit_description=description,
                parent_commit=repository.commit,
                create_pr=True,
            )
        return done.pr_url or ""

    return str(_once(send, repository.id))


def _once(work: Callable[[], Any], what: str) -> Any:  # noqa: ANN401
    """Do some work that writes, or asks who writes, once. Raises Refusal in clear words."""
    try:
        return work()
    except Refusal:
        raise
    except ValueError as error:  # before anything is sent: the Hub has looked at the front matter
        if "metadata" not in str(error):
            raise Refusal([hub_trouble.in_words(error, what)]) from None
        lines = " ".join(str(error).split())
        raise Refusal([Problem("README.md", "front matter", lines, "Mend it in the card first")]) from None
    except Exception as error:  # noqa: BLE001 - which ones there are depends on huggingface_hub's HTTP library
        problem = hub_trouble.in_words(error, what)
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in _WRITING and "GatedRepoError" not in {one.__name__ for one in type(error).__mro__}:
            message, remedy = _WRITING[status]
            problem = Problem(what, "", message, remedy)
        raise Refusal([problem]) from None
