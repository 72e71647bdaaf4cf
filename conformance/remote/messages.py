"""The messages: one JSON document a line, and what an exception looks like in one.

Refusals, ``DriverUnavailable`` and ``NotObserved`` arrive as what they were.
Everything else arrives as a ``RemoteError`` that says what it was.
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable, NotObserved
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.outcomes import REFUSALS, Refusal

PROTOCOL: Final = 1
"""Raised when a driver that was written for an older one would be misunderstood."""

REFUSED: Final = 1
UNAVAILABLE: Final = 2
NOT_OBSERVED: Final = 3
FAILED: Final = 4
"""Codes of errors. Those below -32000 are JSON-RPC's own."""
METHOD_NOT_FOUND: Final = -32601
INVALID_REQUEST: Final = -32600
PARSE_ERROR: Final = -32700

LONGEST_TEXT: Final = 4000
"""Characters of an error's text that cross the boundary."""


class RemoteError(Exception):
    """What a driver behind the boundary raised, or what became of its process."""


class Malformed(ValueError):
    """A line that is no message; the text says why."""


def checking() -> bool:
    """Whether messages are checked against their schemas."""
    return os.environ.get("SNAPTREE_CHECK_MESSAGES", "") not in ("", "0")


def request(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A call."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def line(message: dict[str, Any]) -> bytes:
    """A message as it is sent. Raises ValueError or TypeError for what is not JSON."""
    # Lone surrogates and line ends travel escaped.
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def check(schema: str, message: Any) -> None:
    """Raise Malformed for a message that its schema does not allow, where that is looked at."""
    if checking():
        try:
            check_against(schema, message)
        except SchemaViolation as error:
            raise Malformed(str(error)) from None


def answer_in(text: bytes) -> dict[str, Any]:
    """The answer that a line holds. Raises Malformed."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed(f"{excerpt(text)} is not JSON") from None
    if (
        not isinstance(message, dict)
        or message.get("jsonrpc") != "2.0"
        or ("result" in message) == ("error" in message)
    ):
        raise Malformed(f"{excerpt(text)} is no answer in JSON-RPC 2.0")
    check("rpc-response", message)
    return message


def excerpt(text: bytes) -> str:
    """The beginning of what was printed, for an error's text."""
    shown = text[:200].decode("utf-8", "replace").rstrip("\n")
    return repr(shown) + ("…" if len(text) > 200 else "")


# --- exceptions ------------------------------------------------------------


def error_of(raised: BaseException) -> dict[str, Any]:
    """The error object for what a driver raised."""
    text = str(raised)[:LONGEST_TEXT]
    if isinstance(raised, Refusal):
        data: dict[str, Any] = {"kind": raised.kind}
        if raised.casualties is not None:
            data["casualties"] = raised.casualties
        if raised.native is not None:
            data["native"] = raised.native
        return {"code": REFUSED, "message": text, "data": data}
    if isinstance(raised, DriverUnavailable):
        return {"code": UNAVAILABLE, "message": text, "data": {"install": raised.install}}
    if isinstance(raised, NotObserved):
        return {"code": NOT_OBSERVED, "message": text}
    return {"code": FAILED, "message": text, "data": {"type": type(raised).__name__}}


def raised_by(error: Any) -> Exception:
    """The exception that an error object stands for."""
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return RemoteError(f"an error without a code: {error!r:.200}")
    text = str(error.get("message", ""))
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    match error["code"]:
        case 1:
            return _refusal(text, data)
        case 2:
            install = data.get("install")
            return DriverUnavailable(text, install=install if isinstance(install, str) else None)
        case 3:
            return NotObserved(text)
        case -32601:
            return REFUSALS["Unsupported"](text or "the driver does not have this call")
    kind = data.get("type")
    return RemoteError(f"{kind}: {text}" if isinstance(kind, str) else text or f"error {error['code']}")


def _refusal(text: str, data: dict[str, Any]) -> Exception:
    kind = REFUSALS.get(str(data.get("kind")))
    if kind is None:
        return RemoteError(f"refused as {data.get('kind')!r}, which is none of {', '.join(REFUSALS)}: {text}")
    casualties, native = data.get("casualties"), data.get("native")
    return kind(
        text,
        casualties=casualties if isinstance(casualties, list) else None,
        native=native if isinstance(native, dict) else None,
    )
