"""A history as lanes: one bar a call from its begin to its end, callers one below the other."""

from __future__ import annotations

from typing import Final

from lxml import etree
from rich.text import Text

from snaptree.conformance.engine.answers import Returned, answer_text
from snaptree.conformance.reports.words import call_text, plain
from snaptree.conformance.sequences.history import Call, History
from snaptree.spec.state import Domain

MOST_CALLS: Final = 24
"""The calls that are drawn at most."""

WIDTH: Final = 48
"""Columns of the bars."""


def lanes(history: History, wrong: Call | None) -> list[Text]:
    """The lines of a drawing for the terminal; the call that nothing explains is red and has a cross.

    Columns are events in their order, not times. A bar that ends in dots is a call without an answer. Of a
    long history only the calls about the wrong one are drawn.
    """
    calls = drawn_calls(history, wrong)
    events = sorted({call.begin for call in calls} | {call.end for call in calls if call.end is not None})
    columns = {event: number * (WIDTH - 1) // max(1, len(events) - 1) for number, event in enumerate(events)}
    names = {call.caller: plain(call.caller, 16) for call in calls}
    width = max(map(len, names.values()), default=0)
    return [
        _line(call, columns, names[caller].ljust(width), wrong=call is wrong)
        for caller in names
        for call in calls
        if call.caller == caller
    ]


def drawn_calls(history: History, wrong: Call | None) -> list[Call]:
    """The calls that a drawing has: the last ones that began before the wrong call ended, or the first."""
    if wrong is None or wrong.end is None:
        return list(history.calls[:MOST_CALLS])
    before = [call for call in history.calls if call.begin <= wrong.end]
    rest = [call for call in before if call is not wrong][-(MOST_CALLS - 1) :]
    return sorted([*rest, wrong], key=lambda call: call.begin)


def _line(call: Call, columns: dict[int, int], name: str, *, wrong: bool) -> Text:
    first = columns[call.begin]
    last = WIDTH - 1 if call.end is None else columns[call.end]
    inside = "─" * max(0, last - first - 1)
    bar = f"├{inside}┤" if call.is_answered else f"├{inside}┄"
    line = Text(f"{'✗' if wrong else ' '} {name}  ")
    line.append(" " * first + bar[: max(1, last - first + 1)].ljust(WIDTH - first))
    line.append(f"  {plain(call_text(call.operation), 60)} {plain(_answer(call), 80)}")
    line.stylize("bold red" if wrong else "")
    return line


def _answer(call: Call) -> str:
    if call.answer is None or not call.is_answered:
        return "no answer"
    if not isinstance(call.answer, Returned):
        return answer_text(call.answer)
    if call.answer.result is None:
        return "done"
    shown = call.answer.result
    if isinstance(shown, dict):
        return f"{len(shown.get('snapshots', ()))} snapshots, current {shown.get('current')}"
    return f"→ {shown}"


ROW: Final = 24
"""The height of a bar with its distance to the next, in pixels."""

LEFT: Final = 150
"""Where bars begin, in pixels; the names of callers stand before."""

BARS: Final = 420
"""The width of all bars, in pixels."""

TEXT: Final = {"font-family": "monospace", "font-size": "13"}


def picture(history: History, wrong: Call | None) -> bytes:
    """The same drawing as an SVG file; the call that nothing explains is red and has a cross."""
    calls = drawn_calls(history, wrong)
    events = sorted({call.begin for call in calls} | {call.end for call in calls if call.end is not None})
    step = BARS / max(1, len(events) - 1)
    columns = {event: LEFT + number * step for number, event in enumerate(events)}
    callers = list(dict.fromkeys(call.caller for call in calls))
    rows = [call for caller in callers for call in calls if call.caller == caller]
    height = ROW * (len(rows) + 1)
    svg = etree.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 1100 {height}", "width": "1100"}
    )
    etree.SubElement(svg, "rect", {"width": "1100", "height": str(height), "fill": "white"})
    for number, call in enumerate(rows):
        top = ROW * number + ROW // 2
        if number == 0 or rows[number - 1].caller != call.caller:
            _write(svg, 8, top + 13, plain(call.caller, 16), "black")
        colour = "#b00020" if call is wrong else "#2a6fb0"
        right = LEFT + BARS if call.end is None else columns[call.end]
        bar = {"x": f"{columns[call.begin]:.1f}", "y": str(top), "height": "16", "rx": "3", "stroke": colour}
        bar |= {"width": f"{max(4.0, right - columns[call.begin]):.1f}", "fill": colour}
        if not call.is_answered:
            bar |= {"fill": "white", "stroke-dasharray": "4 3"}
        etree.SubElement(svg, "rect", bar)
        told = f"{plain(call_text(call.operation), 40)} {plain(_answer(call), 40)}"
        told, ink = (f"✗ {told}", colour) if call is wrong else (told, "black")
        _write(svg, LEFT + BARS + 12, top + 13, told, ink)
    return bytes(etree.tostring(svg, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _write(svg: etree._Element, x: int, y: int, text: str, colour: str) -> None:
    etree.SubElement(svg, "text", {"x": str(x), "y": str(y), "fill": colour, **TEXT}).text = text


def state_text(domain: Domain) -> str:
    """The snapshots of a state in order of creation, and which is current, in one line."""
    if not domain.defined:
        return "the domain is removed"
    names = ", ".join(plain(one.name, 30) for one in domain.in_order()[-12:])
    current = "base" if domain.current is None else plain(domain.snapshots[domain.current].name, 30)
    more = "… " if len(domain.snapshots) > 12 else ""
    return f"[{more}{names}], current {current}, {domain.active.power}"
