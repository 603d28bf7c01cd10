"""What goes wrong with the Hub: whether to try again, after how long, and how it is said to people. Pure.

Errors are known by the names of their classes, so that this needs no huggingface_hub; which errors a dead network
raises depends on the HTTP library that it brings.
"""

from __future__ import annotations

import re

from wattbench.problems import Problem, Refusal


class Unreachable(Refusal):
    """The Hub did not answer, or not whoever asks here: nothing is said about what lies there."""


class Gated(Refusal):
    """The Hub has it, and gives it only to those who accepted its owner's terms."""


# Waits before the tries after the first; where nothing answers at all, only the first two.
WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0)
LONGEST_WAIT_SECONDS = 300.0  # the window of the Hub's own limits; a longer one is told to people, not waited for
TRANSIENT = (408, 429, 500, 502, 503, 504)

# class of the error -> field, message, remedy
_KNOWN = {
    "GatedRepoError": ("id", "is gated", "Accept its terms on the Hub and log in, or set HF_TOKEN"),
    "RevisionNotFoundError": ("revision", "this commit does not exist", "Take it from the commit list"),
    "EntryNotFoundError": ("", "there is no such file", "Check the file list at this commit"),
    "DisabledRepoError": ("", "has been disabled by the Hub", "Nothing can be fetched from it"),
    "RepositoryNotFoundError": ("id", "is not on the Hub, or private", "Check the spelling, or set HF_TOKEN"),
    "OfflineModeIsEnabled": ("", "the Hub is switched off here by HF_HUB_OFFLINE", "Unset it to fetch"),
    "LocalTokenNotFoundError": ("HF_TOKEN", "there is no token", "Log in, or set HF_TOKEN"),
    "TimeoutException": ("", "the Hub did not answer in time", "Try again later; fetched parts are kept"),
}
_BY_STATUS = {
    401: ("the Hub asks who you are (401): it is private, or the token is wrong", "Log in, or correct HF_TOKEN"),
    403: ("the Hub forbids it (403)", "Use a token that may read it"),
    429: ("the Hub asks for fewer requests (429)", "Try again later, or with HF_TOKEN"),
}


def wait(error: Exception, tries: int) -> float | None:
    """How long to wait after so many tries in vain, in s; None where another would not help."""
    status = _status(error)
    if status is None:
        # nothing was answered at all: a name that does not resolve, a port that is closed, a cut connection
        waits = WAITS_SECONDS[:2] if type(error).__name__.startswith("Connect") else WAITS_SECONDS
        again = type(error).__module__.startswith("httpx") and tries <= len(waits)
        return waits[tries - 1] if again else None
    if status not in TRANSIENT or tries > len(WAITS_SECONDS):
        return None
    asked = _asked_to_wait(error)
    if asked is None:
        return WAITS_SECONDS[tries - 1]
    return asked if asked <= LONGEST_WAIT_SECONDS else None


def in_words(error: Exception, what: str) -> Problem:
    """Say what the Hub refuses, or why it cannot be reached, and what to do."""
    for one in type(error).__mro__:
        if one.__name__ in _KNOWN:
            return Problem(what, *_KNOWN[one.__name__])
    status, asked = _status(error), _asked_to_wait(error)
    if status is None and type(error).__module__ == "builtins":
        return Problem(what, "", f"the Hub's answer cannot be read: {error!r}", "Check HF_ENDPOINT")
    if status is None:
        return Problem(what, "", f"the Hub cannot be reached: {type(error).__name__}", "Check the network")
    message, remedy = _BY_STATUS.get(status, (f"the Hub answered {status}", "Try again later; fetched parts are kept"))
    return Problem(what, "", message, f"Try again in {asked:g} s" if asked else remedy)


def refusal(error: Exception, what: str) -> Refusal:
    """Say what the Hub refuses, as the kind of Refusal that tells whose fault it is."""
    names = {one.__name__ for one in type(error).__mro__}
    problem = in_words(error, what)
    if "GatedRepoError" in names:
        return Gated([problem])
    if names & _KNOWN.keys() - {"OfflineModeIsEnabled", "TimeoutException"}:
        return Refusal([problem])
    return Unreachable([problem])


def _status(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _asked_to_wait(error: Exception) -> float | None:
    """How long an answer asks to wait, in s: by Retry-After, or by the Hub's own RateLimit (`"api";r=0;t=55`)."""
    answer = getattr(error, "response", None)
    if answer is None:
        return None
    used_up = re.search(r"\br=0\b.*\bt=(\d+)", answer.headers.get("RateLimit", ""))
    said = answer.headers.get("Retry-After", used_up.group(1) if used_up else None)
    try:
        return None if said is None else max(0.0, float(said))
    except ValueError:  # a date
        return None
