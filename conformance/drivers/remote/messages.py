"""The messages: one JSON document a line, and the form of an exception in one.

Refusals, ``DriverUnavailable`` and ``NotObserved`` arrive as the same type. Every other exception arrives
as a ``RemoteError`` with its type and text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable, NotObserved
from snaptree.conformance.drivers.declared import UnknownSetting
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.json_text import InvalidJson, read_json
from snaptree.spec.outcomes import REFUSALS, Refusal
from snaptree.spec.text import cut

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

INVALID_PARAMS: Final = -32602
"""To ``hello``: a setting that the driver does not have."""


CODES: Final[Mapping[int, str]] = {
    REFUSED: "the call is declined, without any effect; `data.kind` is the kind of refusal, "
    "`data.casualties` lists what would be destroyed, `data.native` is the error of the hypervisor",
    UNAVAILABLE: "the driver or its host is unavailable; ends the run, and is no deviation. `data.install` "
    "is the command that mends it",
    NOT_OBSERVED: "answer to `observe`: nothing can be seen at this moment",
    FAILED: "any other failure of the driver, which is a deviation; `data.type` names its kind",
    METHOD_NOT_FOUND: "the domain does not have this call; the same as refused as `Unsupported`",
    INVALID_PARAMS: "answer to `hello`: one of the settings is unknown",
    INVALID_REQUEST: "the request cannot be read; a failure of the driver",
    PARSE_ERROR: "the request is not JSON; a failure of the driver",
}
"""What each code of an error means."""


class RemoteError(Exception):
    """An exception of a driver in another process, or the end of that process."""


class Malformed(ValueError):
    """A line that is not a valid message; the text gives the reason."""


def checking() -> bool:
    """Whether messages are checked against their schemas."""
    return os.environ.get("SNAPTREE_CHECK_MESSAGES", "") not in ("", "0")


def request(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The message of a call."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def line(message: dict[str, Any]) -> bytes:
    """A message as it is sent. Raises ValueError or TypeError if it is not JSON."""
    # Lone surrogates and line ends travel escaped.
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def check(schema: str, message: Any) -> None:
    """Raise Malformed for a message that does not fit its schema, if checking is on."""
    if checking():
        try:
            check_against(schema, message)
        except SchemaViolation as error:
            raise Malformed(str(error)) from None


def answer_in(text: bytes) -> dict[str, Any]:
    """The answer in a line. Raises Malformed."""
    try:
        message = read_json(text)
    except InvalidJson as error:
        reason = str(error)
        # Deep or huge JSON is JSON: it is only more than is read.
        fault = "is not JSON" if reason.startswith("not JSON: ") else "is not read"
        raise Malformed(f"{excerpt(text)} {fault} ({reason.removeprefix('not JSON: ')})") from None
    if (
        not isinstance(message, dict)
        or message.get("jsonrpc") != "2.0"
        or ("result" in message) == ("error" in message)
    ):
        raise Malformed(f"{excerpt(text)} is no answer in JSON-RPC 2.0")
    check("rpc-response", message)
    return message


def excerpt(text: bytes) -> str:
    """The beginning of a printed text, for an error message."""
    shown = text[:200].decode("utf-8", "replace").rstrip("\n")
    return repr(shown) + ("…" if len(text) > 200 else "")


# --- exceptions ------------------------------------------------------------


def error_of(raised: BaseException) -> dict[str, Any]:
    """The error object for an exception of a driver."""
    text = cut(str(raised))
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
    """The exception for an error object."""
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return RemoteError(f"an error without a code: {error!r:.200}")
    text = cut(str(error.get("message", "")))
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    match error["code"]:
        case 1:
            return _refusal(text, data)
        case 2:
            install = data.get("install")
            return DriverUnavailable(text, install=cut(install, 500) if isinstance(install, str) else None)
        case 3:
            return NotObserved(text)
        case -32602:
            return UnknownSetting(text or "the driver does not have one of the settings")
        case -32601:
            return REFUSALS["Unsupported"](text or "the driver does not have this call")
    kind = data.get("type")
    return RemoteError(
        f"{cut(kind, 100)}: {text}" if isinstance(kind, str) else text or f"error {error['code']}"
    )


def _refusal(text: str, data: dict[str, Any]) -> Exception:
    kind = REFUSALS.get(str(data.get("kind")))
    if kind is None:
        return RemoteError(
            f"refused as {data.get('kind')!r:.200}, which is none of {', '.join(REFUSALS)}: {text}"
        )
    casualties, native = data.get("casualties"), data.get("native")
    return kind(
        text,
        casualties=casualties if isinstance(casualties, list) else None,
        native=_short(native) if isinstance(native, dict) else None,
    )


def _short(native: dict[str, Any]) -> dict[str, Any]:
    """The hypervisor's own error with its texts cut."""
    return {key: cut(value) if isinstance(value, str) else value for key, value in native.items()}
