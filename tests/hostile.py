"""Files and words of those who mean harm: what a submission, a model card or a name may bring."""

from __future__ import annotations

GOOD = """\
schema: 1
model:
  id: org/quick
  revision: "a07cc9a04f16550a088caea529712d1d335b0ac1"
tasks: [sentence-similarity]
precisions: [fp32]
submitter: {github: octocat, relationship: user}
attestations: {no_benchmark_specific_tuning: true, license_permits_publication: true}
"""


def _with(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new).encode("utf-8", "surrogatepass")


def _added(text: str) -> bytes:
    return (GOOD + text).encode("utf-8", "surrogatepass")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

# Each is refused in words. Its name says what it is.
FILES: dict[str, bytes] = {
    # YAML that does more than hold data
    "a bomb of aliases": BOMB.encode(),
    "an alias to a field": _with("id: org/quick", "id: &x org/quick\n  base_model: *x"),
    "an anchor alone": _with("schema: 1", "schema: &one 1"),
    "an anchor that holds itself": b"&a [*a]\n",
    "a merge key": _added("<<: {notes: x}\n"),
    "a tag that runs a command": _added('notes: !!python/object/apply:os.system ["id"]\n'),
    "a tag that makes an object": _added("notes: !!python/object:os.PathLike {}\n"),
    "a tag that names a module": _added("notes: !!python/name:os.system x\n"),
    "a tag of one's own": _added("notes: !mine x\n"),
    "a binary tag": _added("notes: !!binary aGVsbG8=\n"),
    "a set": _added("notes: !!set {a, b}\n"),
    "an ordered map": _added("notes: !!omap [a: b]\n"),
    "a verbatim tag": _added("notes: !<tag:yaml.org,2002:python/object:os.system> x\n"),
    "a tag by a directive": b"%TAG ! tag:yaml.org,2002:python/\n---\n" + _added("notes: !object:x y\n"),
    "a directive of another version": b"%YAML 9.9\n---\n" + GOOD.encode(),
    "two documents": GOOD.encode() + b"---\n" + GOOD.encode(),
    "a document and an end, and more": GOOD.encode() + b"...\n---\nx: 1\n",
    "a list": b"- schema: 1\n",
    "a word": b"schema\n",
    "nothing": b"",
    "a comment alone": b"# schema: 1\n",
    "a null": b"~\n",
    "one bracket eight thousand times": b"[" * 8000,
    "one brace eight thousand times": b"{" * 8000,
    "mappings in mappings": b"".join(b" " * n + b"a:\n" for n in range(80)),
    "a hundred dashes": b"- " * 100 + b"x\n",
    "a list as a key": _added("? [a, b]\n: c\n"),
    "a mapping as a key": _added("? {a: b}\n: c\n"),
    "a key given twice": _added("schema: 1\n"),
    "a key given twice inside": _with("id: org/quick", "id: org/quick\n  id: org/other"),
    "a key given twice, once in quotes": _added('"schema": 1\n'),
    "a key given twice, once escaped": _added('"sch\\x65ma": 1\n'),
    "a key that is a number": _added("1: 2\n"),
    "a key that is true": _added("yes: 2\n"),
    "a key that is null": _added("~: 2\n"),
    "keys of a model that are numbers": _with("id: org/quick", "id: org/quick\n  7: x"),
    "a key without end": _added("x" * 2000 + ": 1\n"),
    "two thousand fields": _added("".join(f"a{n}: 1\n" for n in range(900))),
    "a thousand tasks": _with("[sentence-similarity]", f"[{', '.join(['x'] * 2000)}]"),
    "a thousand precisions": _with("[fp32]", f"[{', '.join(['x'] * 2000)}]"),
    # Values that are not what they look like
    "a date that is none": _added("notes: 2026-13-45\n"),
    "a date": _with('"a07cc9a04f16550a088caea529712d1d335b0ac1"', "2026-11-27"),
    "an endless number": _with('"a07cc9a04f16550a088caea529712d1d335b0ac1"', "9" * 5000),
    "an endless number in hex": _with("schema: 1", "schema: 0x" + "f" * 6000),
    "an endless number in binary": _with("schema: 1", "schema: 0b" + "1" * 7000),
    "a number of sixties": _with("schema: 1", "schema: 1" + ":59" * 2000),
    "infinity": _with("schema: 1", "schema: .inf"),
    "no number": _with("schema: 1", "schema: .nan"),
    "one with a point": _with("schema: 1", "schema: 1.0"),
    "true for one": _with("schema: 1", "schema: true"),
    "one for true": _with("no_benchmark_specific_tuning: true", "no_benchmark_specific_tuning: 1"),
    "yes in quotes for true": _with("no_benchmark_specific_tuning: true", 'no_benchmark_specific_tuning: "true"'),
    "Norway": _with("github: octocat", "github: no"),
    "a revision of digits": _with('"a07cc9a04f16550a088caea529712d1d335b0ac1"', "1234567890" * 4),
    "a branch": _with('"a07cc9a04f16550a088caea529712d1d335b0ac1"', "main"),
    "a revision in capitals": _with("a07cc9a0", "A07CC9A0"),
    "a short revision": _with("a07cc9a04f16550a088caea529712d1d335b0ac1", "a07cc9a"),
    "a revision and a line more": _with('1d335b0ac1"', '1d335b0ac1\\n"'),
    "a schema to come": _with("schema: 1", "schema: 2"),
    "a task twice": _with("[sentence-similarity]", "[sentence-similarity, sentence-similarity]"),
    "a text for a list": _with("[sentence-similarity]", "sentence-similarity"),
    "a mapping for a list": _with("[sentence-similarity]", "{sentence-similarity: 1}"),
    "a list for a text": _with("id: org/quick", "id: [org, quick]"),
    "a base model that is itself": _with("id: org/quick", "id: org/quick\n  base_model: org/quick"),
    # Names that lead elsewhere or look like another
    "a way up": _with("id: org/quick", "id: ../../etc/passwd"),
    "a way up inside": _with("id: org/quick", "id: org/.."),
    "an absolute path": _with("id: org/quick", "id: /etc/passwd"),
    "a path of Windows": _with("id: org/quick", "id: 'C:\\\\Windows'"),
    "three parts": _with("id: org/quick", "id: org/quick/more"),
    "a hidden name": _with("id: org/quick", "id: org/.quick"),
    "a name with a blank": _with("id: org/quick", "id: 'org/qu ick'"),
    "a name with a NUL": _with("id: org/quick", 'id: "org/quick\\0"'),
    "a name with a line break": _with("id: org/quick", 'id: "org/quick\\n"'),
    "a Cyrillic letter": _with("id: org/quick", "id: org/qu\u0456ck"),
    "Greek letters in a name": _with("github: octocat", "github: \u03bfctocat"),
    "wide letters": _with("id: org/quick", "id: org/\uff51uick"),
    "a mark that turns text around": _with("id: org/quick", 'id: "org/\\u202ekciuq"'),
    "a mark of no width": _with("id: org/quick", 'id: "org/qui\\u200bck"'),
    "a name without end": _with("id: org/quick", f"id: org/{'x' * 3000}"),
    "an option for a name": _with("id: org/quick", "id: -o/--help"),
    "a variable for a name": _with("id: org/quick", "id: '${{github.token}}/x'"),
    "a file of a package for a URL": _with(
        'revision: "a07cc9a04f16550a088caea529712d1d335b0ac1"',
        f'package: {{name: "https://evil.example/x", version: "1", sha256: "{"a" * 64}"}}',
    ),
    # Notes that are more than plain words
    "HTML": _added("notes: '<script>alert(1)</script>'\n"),
    "a picture": _added("notes: '![x](https://evil.example/x.png)'\n"),
    "a link": _added("notes: '[x](javascript:alert(1))'\n"),
    "a table": _added("notes: 'a | b'\n"),
    "code": _added("notes: '`id`'\n"),
    "lines": _added("notes: |\n  a\n  ::error::b\n"),
    "a folded line": _added('notes: "a\\u2028b"\n'),
    "a next line": _added('notes: "a\\x85b"\n'),
    "an escape sequence": _added('notes: "\\e[2J\\e]0;owned\\a"\n'),
    "notes turned around": _added('notes: "\\u202egnp.exe"\n'),
    "notes of no width": _added('notes: "a\\u200bb"\n'),
    "tags of Unicode": _added('notes: "a\\U000e0041b"\n'),
    "half a letter": _added('notes: "\\ud800"\n'),
    "a private letter": _added('notes: "\\ue000"\n'),
    "a byte order mark inside": _added('notes: "a\\ufeffb"\n'),
    "notes without end": _added(f"notes: {'x' * 281}\n"),
    "fields of one's own": _added("results: {joules: 0.001, stars: 5}\n"),
    "an attestation more": _with("{no_bench", "{i_am_the_owner: true, no_bench"),
    # Bytes that are no text
    "a NUL": _added("notes: 'a\0b'\n"),
    "a bell": _added("notes: 'a\x07b'\n"),
    "invalid UTF-8": GOOD.encode() + b"notes: '\xff\xfe'\n",
    "a letter too long in UTF-8": GOOD.encode() + b"notes: '\xc0\xaf'\n",
    "a surrogate in UTF-8": _added("notes: '\ud800'\n"),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-32": GOOD.encode("utf-32"),
    "Latin-1": _added("notes: 'x'\n").replace(b"'x'", b"'\xe9'"),
    "a page of HTML": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94",
    "a picture of a kind": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "a program": b"\x7fELF\x02\x01\x01" + b"\0" * 100,
    "tabs for blanks": GOOD.replace("  id", "\tid").encode(),
    "one byte too many": GOOD.encode() + b"#" * (8 * 1024 - len(GOOD) + 1),
    "ten million bytes": GOOD.encode() + b"#" * 10_000_000,
    "ten million blanks": b" " * 10_000_000,
}

# Words that people, model cards and names may bring to where they are shown.
WORDS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</code></td></table><h1>owned</h1>",
    "<!--",
    "&lt;b&gt;&#64;octocat",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example mail@evil.example",
    "@octocat @org/team #1 org/repo#1 GH-1 deadbeef",
    "`` ` ``` code ```` `",
    "`@octocat",
    "| a | b |\\| c",
    "# title **bold** _x_ ~~y~~ - [ ] z",
    "a\n::error::owned\n##[error]owned",
    "::set-output name=x::y",
    "##[add-mask]x",
    "a%0A::error::owned,file=x",
    "{{ 7919*7919 }}{% raw %}${{ github.token }}#{7919*7919}",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\uff1d1",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m",
    "[bold red]markup[/] [link=https://evil.example]x[/link]",
    "\u202egnp.exe\u2066",
    "a\u200bb\ufeff\u00ad",
    "line\u2028break\x85more\x0bmore\x0cmore\r",
    "\ud800",
    "\0",
    "../../../etc/passwd",
    "$(id) `id` ; id && id",
    "%s %n {0} {__class__}",
    "Z\u0351\u036b\u0343\u036a\u0302" * 20,
    "x" * 100_000,
    "",
    "   ",
)
