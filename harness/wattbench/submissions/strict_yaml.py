"""Read YAML that strangers wrote: plain data only, small, no aliases, no tags, no duplicate keys."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any

from wattbench.legible import legible, quoted
from wattbench.problems import refuse

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 8 * 1024
DEEPEST = 8


def load(path: Path) -> dict[str, Any]:
    """Read one mapping from a file of at most 8 KiB. Raises Refusal with the line where there is one."""
    return parse(_start(path), path)


def parse(data: bytes, path: Path) -> dict[str, Any]:
    """Read one mapping from at most 8 KiB; `path` is what they are called in a Refusal."""
    if len(data) > LARGEST:
        raise refuse(path, "", f"larger than {LARGEST} bytes", "Keep to the fields of submissions/README.md")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse(path, "", f"not UTF-8 at byte {error.start}", "Save the file as UTF-8") from None
    return _parse(text, path)


def _start(path: Path) -> bytes:
    """Read the start of a regular file: no link is followed, and nothing is waited for that never ends."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise refuse(path, "", "is a symbolic link, and links are not followed", "Put the file there") from None
        why = error.strerror if isinstance(error, OSError) else error
        raise refuse(path, "", f"cannot be read: {why}", "Check the path") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise refuse(path, "", "is no regular file", "Put a file of text there")
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise refuse(path, "", f"cannot be read: {error.strerror}", "See to the disk") from None
    finally:
        os.close(handle)


def _parse(text: str, path: Path) -> dict[str, Any]:
    import yaml

    try:
        _refuse_cleverness(text, path)
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
        if len(nodes) != 1 or not isinstance(nodes[0], yaml.MappingNode):
            raise refuse(path, "", "not one mapping of fields", "Begin with `schema: 1`; one document a file")
        _refuse_duplicates(nodes[0], path)
        loaded: dict[str, Any] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        raise refuse(path, where, f"not readable as YAML: {what}", "Compare with submissions/README.md") from None
    except ValueError as error:  # a date that is none, a number that is too long
        raise refuse(path, "", f"a value cannot be read: {error}", "Put the value in quotes") from None
    for key in loaded:
        if not isinstance(key, str):
            raise refuse(path, quoted(key), "a field's name is not text", "Put the name in quotes")
    return loaded


def _refuse_cleverness(text: str, path: Path) -> None:
    """Refuse aliases, anchors, tags, merges and deep nesting before anything is built from them."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        line = f"line {mark.line + 1}" if mark else ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise refuse(path, line, "aliases and anchors are not allowed", "Write the value out")
        if tag := getattr(event, "tag", None):
            raise refuse(path, line, f"the tag {quoted(tag)} is not allowed", "Write plain values only")
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise refuse(path, line, "merge keys are not allowed", "Write the fields out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise refuse(path, line, f"nested deeper than {DEEPEST} levels", "A submission has two levels")


def _refuse_duplicates(node: Any, path: Path) -> None:  # noqa: ANN401 - a node of PyYAML's
    """Refuse a key that a mapping holds twice: the second would silently win."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item, path)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                line = key.start_mark.line + 1
                raise refuse(path, legible(name, 60), f"given twice, again in line {line}", "Keep one of the two")
            seen.add(name)
            _refuse_duplicates(value, path)
