"""An OpenAI-compatible endpoint: one question, one answer as text; bounded in time, size and number of tries.

Redirects are not followed: the key goes to the host that was named and to no other.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fixtures.errors import UserError
from fixtures.reading.strict import NotJson, parse_strictly
from suite.results.wording import beginning

MAX_ANSWER_BYTES = 2**20
"""A list of phrases has a thousand."""
TRIES = 3
"""For one question: servers restart, and are busy for a moment."""
FIRST_WAIT_SECONDS = 1.0
"""Before the second try, and twice as long before each further one."""
MOST_WAIT_SECONDS = 30.0
"""Of what a server asks to wait (`Retry-After`)."""
_PATH = "/chat/completions"
_AGAIN = frozenset((408, 409, 425, 429, 500, 502, 503, 504))
"""HTTP statuses that may be gone the next time."""
_CHUNK = 2**14
_TOLD = 200


class _Failed(Exception):
    """One try that failed: what is told of it, and after how many seconds another makes sense (None: never)."""

    def __init__(self, problem: str, wait: float | None) -> None:
        super().__init__(problem)
        self.problem, self.wait = problem, wait


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given: Any, **more: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers; `url` is what is before `/chat/completions`, `key` is a bearer token if there is one.

    `timeout` is in seconds and for one whole answer.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"--endpoint {self.url}", "this is no address", allowed="http://HOST/v1 or https://HOST/v1")
        if not self.key.isascii() or not self.key.isprintable():
            raise UserError("the key", "it has a character that no HTTP header may have", hint="set the variable anew")

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """What the model answers; UserError if it does not within the tries, or with something else than an answer."""
        for number in range(TRIES):
            try:
                return self._text(self._answer(messages))
            except _Failed as failed:
                problem = failed.problem
                if failed.wait is None or number == TRIES - 1:
                    break
                self.sleep(max(failed.wait, FIRST_WAIT_SECONDS * 2**number))
        raise UserError(f"--endpoint {self.url}", problem, hint="look at the address, the model's name and the server")

    def _answer(self, messages: Sequence[Mapping[str, str]]) -> bytes:
        """The body of the answer; `_Failed` for all that comes in its place."""
        content = json.dumps({"model": self.model, "messages": list(messages)}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {self.key}"} if self.key else {}
        address = self.url.rstrip("/").removesuffix(_PATH) + _PATH
        request = urllib.request.Request(address, data=content, headers=headers)
        ends = self.clock() + self.timeout
        try:
            with urllib.request.build_opener(_Stays).open(request, timeout=self.timeout) as answer:
                return self._whole(answer, ends)
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error) from None
        except TimeoutError:
            raise _Failed(f"no answer within {self.timeout:g} s", 0) from None
        except (OSError, http.client.HTTPException) as error:
            late = isinstance(getattr(error, "reason", None), TimeoutError)
            why = f"no answer within {self.timeout:g} s" if late else f"it cannot be reached: {_plain(error)}"
            raise _Failed(why, 0) from None
        except ValueError as error:  # what an address may be made of that urllib finds out only now
            raise _Failed(f"it cannot be asked: {_plain(error)}", None) from None

    def _whole(self, answer: Any, ends: float) -> bytes:
        """All of the body; one that trickles in slowly or never ends is given up."""
        read = b""
        while chunk := answer.read1(_CHUNK):
            read += chunk
            if len(read) > MAX_ANSWER_BYTES:
                raise _Failed(f"its answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB", None)
            if self.clock() > ends:
                raise _Failed(f"no whole answer within {self.timeout:g} s", 0)
        return read

    def _text(self, body: bytes) -> str:
        found = parse_strictly(body, limit=MAX_ANSWER_BYTES)
        if isinstance(found, NotJson):
            raise _Failed(f"its answer is not JSON: {beginning(body.decode('utf-8', 'replace'), _TOLD)}", None)
        try:
            text = found["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            text = None
        if not isinstance(text, str):
            told = beginning(json.dumps(found, ensure_ascii=False), _TOLD)
            raise _Failed(f"its answer is no chat completion (no choices[0].message.content): {told}", None)
        return text


def _refused(error: urllib.error.HTTPError) -> _Failed:
    """What an HTTP status says; a redirect is one that is not followed."""
    if 300 <= error.code < 400:
        where = beginning(str(error.headers.get("Location", "")), _TOLD)
        return _Failed(f"it redirects to {where or 'nowhere'}, which is not followed: name that address", None)
    try:
        said = error.read1(_CHUNK).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, AttributeError):
        said = ""
    told = f"it answers with HTTP {error.code} {beginning(str(error.reason), _TOLD)}"
    wait = str(error.headers.get("Retry-After", "0")).strip()
    seconds = min(float(wait), MOST_WAIT_SECONDS) if wait.isdecimal() else 0.0
    return _Failed(
        told + (f": {beginning(said, _TOLD)}" if said.strip() else ""), seconds if error.code in _AGAIN else None
    )


def _plain(error: BaseException) -> str:
    return beginning(str(getattr(error, "reason", None) or error) or type(error).__name__, _TOLD)
