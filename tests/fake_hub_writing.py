"""The writing side of the Hub of one's own: who a token speaks for, discussions, and commits that open pull requests.

As huggingface_hub asks: POST api/validate-yaml, POST api/models/ID/preupload/main, POST api/models/ID/commit/main with
one JSON a line, GET api/models/ID/discussions, GET api/whoami-v2.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from fake_hub import Pull, Repository, _Handler


def get(handler: _Handler, path: str) -> bool:
    """Answer what only writers ask; tell whether it was that."""
    if path == "api/whoami-v2":
        who = _who(handler)
        handler.reply(200 if who else 401, json.dumps(who or {"error": "no"}).encode(), {})
        return True
    if found := re.fullmatch(r"api/models/([^/]+/[^/]+)/discussions", path):
        asked = {name: some[-1] for name, some in parse_qs(urlsplit(handler.path).query).items()}
        if handler.repository("models", found[1], None) is not None:
            handler.reply(200, json.dumps(_discussions(handler, found[1], asked)).encode(), {})
        return True
    return False


def post(handler: _Handler, path: str, body: bytes) -> None:
    """Answer a request that writes."""
    if path == "api/validate-yaml":
        broken = [{"message": text} for text in handler.state.broken_cards]
        told = {"errors": broken, "warnings": [{"message": "empty or missing yaml metadata"}]}
        return handler.reply(400 if broken else 200, json.dumps(told).encode(), {})
    found = re.fullmatch(r"api/models/([^/]+/[^/]+)/(preupload|commit)/main", path)
    if found is None:
        return handler.reply(404, b"{}", {})
    if _who(handler) is None:
        return handler.reply(401, b'{"error": "Invalid username or password."}', {})
    if handler.repository("models", found[1], None) is None:
        return None
    if found[2] == "preupload":
        files = [
            {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in json.loads(body)["files"]
        ]
        return handler.reply(200, json.dumps({"files": files}).encode(), {})
    return _commit(handler, found[1], body)


def pulled(handler: _Handler, one: Repository, number: int) -> Repository | None:
    """Give a repository as a pull request has it."""
    pull = next((some for some in handler.state.pulls if (some.model, some.number) == (one.id, number)), None)
    if pull is None:
        handler.reply(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        return None
    files = {name: data for name, data in {**one.files, **pull.files}.items() if data is not None}
    return replace(one, files=files, commit=f"{number:040x}")


def _commit(handler: _Handler, model: str, body: bytes) -> None:
    from fake_hub import Pull

    lines = [json.loads(line) for line in body.splitlines()]
    header, *operations = lines
    assert header["key"] == "header"
    files: dict[str, bytes | None] = {}
    for one in operations:
        value = one["value"]
        assert one["key"] in {"file", "deletedFile"}, one["key"]
        files[value["path"]] = base64.b64decode(value["content"]) if one["key"] == "file" else None
    who, told = _who(handler), header["value"]
    assert who is not None
    handler.state.commits.append(told)
    oid = {"success": True, "commitOid": "c" * 40, "commitUrl": f"{handler.state.url}/{model}/commit/{'c' * 40}"}
    if "create_pr=1" not in handler.path:
        handler.state.repositories["models", model].files.update({k: v for k, v in files.items() if v is not None})
        return handler.reply(200, json.dumps(oid).encode(), {})
    number = len(handler.state.pulls) + 1
    handler.state.pulls.append(
        Pull(number, model, told["summary"], told["description"], who["name"], told.get("parentCommit"), files)
    )
    url = f"{handler.state.url}/{model}/discussions/{number}"
    return handler.reply(200, json.dumps({**oid, "pullRequestUrl": url}).encode(), {})


def _discussions(handler: _Handler, model: str, asked: dict[str, str]) -> dict[str, Any]:
    """Give one page of two discussions a page, as the Hub pages them."""
    own: list[Pull] = [one for one in handler.state.pulls if one.model == model]
    own = [one for one in own if asked.get("status") in (None, "all", one.status)]
    start = 2 * int(asked.get("p", 0))
    told = [
        {
            "title": one.title,
            "num": one.number,
            "author": {"name": one.author},
            "createdAt": "2026-11-20T10:00:00.000Z",
            "status": one.status,
            "repo": {"name": model, "type": "model"},
            "isPullRequest": True,
        }
        for one in own
    ]
    return {"count": len(told), "start": start, "discussions": told[start : start + 2]}


def _who(handler: _Handler) -> dict[str, Any] | None:
    token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
    return handler.state.people.get(token)
