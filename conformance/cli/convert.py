"""``snaptree convert``: a session that somebody pasted, as a trace that ``snaptree judge`` judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import CONFORMS, WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.sequences.pasted import (
    Converted,
    PasteError,
    qemu_img_session,
    vboxmanage_session,
    virsh_session,
)
from snaptree.conformance.sequences.traces import Header, RecordedStep, write_recorded
from snaptree.spec.files import read_regular
from snaptree.spec.profiles import OBSERVABLE_PARTS, Profile, load_profile, varied
from snaptree.spec.text import plain
from snaptree.spec.vocabulary import nearest


@dataclass(frozen=True)
class Tool:
    """A tool: what reads its sessions, and the profile that they are judged by."""

    read: Callable[[str, Profile], Converted]
    profile: str


FORMS: Final = {
    "virsh": Tool(virsh_session, "libvirt-qemu-internal"),
    "vboxmanage": Tool(vboxmanage_session, "virtualbox"),
    "qemu-img": Tool(qemu_img_session, "qemu-internal"),
}
"""The tools by name."""

MOST: Final = 4 * 1024 * 1024
"""The largest session, in bytes."""


def convert_command(
    session: Annotated[Path, typer.Argument(help="A file with the commands and what they printed.")],
    form: Annotated[
        str, typer.Option("--from", help=f"One of {', '.join(FORMS)}.", metavar="TOOL")
    ] = "virsh",
    profile: ProfileName = None,
    out: Annotated[Path, typer.Option(help="The trace to write.")] = Path("session.jsonl"),
) -> int:
    """Make a trace of a pasted session; 'snaptree judge' says where it departs from the specification.

    The session may begin in the middle. Paste in front what shows the tree: 'virsh snapshot-list DOMAIN
    --tree' and 'virsh snapshot-current DOMAIN --name', 'VBoxManage snapshot VM list', or 'qemu-img snapshot
    -l IMAGE'. Only what the session shows is judged. A listing becomes a look-up of each name.
    """
    with problem_exits():
        if form not in FORMS:
            raise Problem(f"no tool {plain(form)!r}: {nearest(form, [*FORMS])}", WRONG_USAGE)
        tool = FORMS[form]
        base = profile or tool.profile
        unseen = varied(base, [f"observes.{part}=never" for part in OBSERVABLE_PARTS])
        judged_by = replace(unseen, name="pasted-session", title=f"{load_profile(base).name}, by its answers")
        try:
            text = read_regular(session, MOST).decode("utf-8", "replace")
            made = tool.read(text, judged_by)
        except OSError as error:
            raise Problem(f"{plain(str(session), 400)}: {error.strerror}", WRONG_USAGE) from None
        except PasteError as error:
            raise Problem(f"{plain(str(session), 400)}: {plain(str(error), 400)}", WRONG_USAGE) from None
        header = Header.of("a pasted session", "", judged_by, disks={}, start=made.start, note=form)
        steps = [RecordedStep(operation, answer, None) for operation, answer in made.steps]
        try:
            write_recorded(out, header, steps)
        except OSError as error:
            raise Problem(f"{plain(str(out), 400)}: {error.strerror}", WRONG_USAGE) from None
    console = TextConsole(stderr=True, soft_wrap=True)
    for line in made.ignored:
        console.print(f"not read: {plain(line, 400)}")
    TextConsole(soft_wrap=True).print(f"{len(steps)} steps; judge them with: snaptree judge {out}")
    return CONFORMS
