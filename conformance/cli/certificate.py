"""``snaptree certificate``: checks a certificate of a run, and compares two of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from snaptree.conformance.cli.check import Insecure, QemuBin, Setting, WorkFolder, driver_options
from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    NOTHING_TESTED,
    WRONG_USAGE,
    Problem,
    problem_exits,
)
from snaptree.conformance.comparing.certificate_diff import differences
from snaptree.conformance.reports.certificate_check import (
    CertificateError,
    body_of,
    bounds_of,
    checks_of,
    made_with_another_specification,
    profile_of,
    read_certificate,
)
from snaptree.conformance.reports.certificates import PROVES, Record
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import plain
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.sample import Sampled, replay_sample
from snaptree.spec.digests import profile_digest

USAGE: Final = "write 'snaptree certificate verify FILE', or 'snaptree certificate diff A B'"

ARITHMETIC: Final = "this checks our arithmetic only"


def certificate_command(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="verify FILE, or diff A B.", metavar="WORDS"),
    ] = None,
    traces: Annotated[
        Path | None,
        typer.Option(help="The folder of the traces; default is traces/ beside the certificate."),
    ] = None,
    replay: Annotated[
        int | None,
        typer.Option(min=1, help="Make that many transitions again on the driver, drawn at random."),
    ] = None,
    driver: Annotated[
        str | None, typer.Option(help="The driver to replay on; default is that of the certificate.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draws the transitions; default is a new one.")
    ] = None,
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
) -> int:
    """Check a certificate that 'check --certificate' wrote, or print what another one lost or won.

    verify computes graphs, totals, words and digests again; --replay N also asks the system. It exits with 0
    if all is as stated, with 1 if anything is not, and with 4 if it was made with another specification.
    """
    console = TextConsole()
    match words or []:
        case ["verify", name]:
            statement = _read(name)
            code = _verify(console, statement, traces or Path(name).parent / "traces")
            if replay is None or code != CONFORMS:
                return code
            options = driver_options(profile, work, qemu_bin, setting, insecure=insecure)
            asked = driver or body_of(statement)["driver"]["asked"]
            with problem_exits(), Player(asked, options) as player:
                return _replay(console, statement, player, replay, seed)
        case ["diff", one, other]:
            if replay is not None or traces is not None:
                raise Problem("--replay and --traces are of 'snaptree certificate verify'", WRONG_USAGE)
            return _diff(console, _read(one), _read(other))
    raise Problem(USAGE, WRONG_USAGE)


def _read(name: str) -> Record:
    try:
        return read_certificate(Path(name))
    except OSError as error:
        raise Problem(f"{plain(name, 200)}: {error.strerror or error}", WRONG_USAGE) from None
    except CertificateError as error:
        raise Problem(plain(str(error), 600), DEVIATES) from None


def _verify(console: Console, statement: Record, traces: Path) -> int:
    other = made_with_another_specification(statement)
    if other:
        raise Problem(f"nothing was computed again: {other}", NOTHING_TESTED)
    wrong = done = 0
    try:
        for check in checks_of(statement, traces):
            done += 1
            wrong += not check.held
            mark = "ok     " if check.held else "wrong  "
            console.print(plain(f"{mark}{check.what}: {check.text}".rstrip(": "), 400), soft_wrap=True)
    except CertificateError as error:
        raise Problem(plain(str(error), 600), DEVIATES) from None
    console.print()
    for sentence in body_of(statement)["claim"]:
        console.print(plain(sentence, 1000), soft_wrap=True)
    console.print()
    if wrong:
        console.print(f"NOT VERIFIED: {wrong} of {done} checks are wrong", soft_wrap=True)
        return DEVIATES
    console.print(f"{done} checks hold; {ARITHMETIC}: {PROVES}", soft_wrap=True)
    return CONFORMS


def _replay(console: Console, statement: Record, player: Player, number: int, seed: int | None) -> int:
    facts = player.facts
    if profile_digest(facts.profile) != body_of(statement)["profile"]["sha256"]:
        raise Problem(
            f"{facts.name} has profile {facts.profile.name} here, which is not that of the certificate; "
            "--profile names another one",
            WRONG_USAGE,
        )
    stated = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    others = sorted(
        name
        for name, digest in {**stated, **{one.name: one.sha256 for one in facts.components}}.items()
        if stated.get(name) != digest or name not in {one.name for one in facts.components}
    )
    if others:
        console.print(f"another system: these files differ: {plain(', '.join(others), 400)}", soft_wrap=True)
    known = {(found["rule"], found["operation"]) for found in body_of(statement)["found"]}
    profile, scopes = profile_of(statement), bounds_of(statement).scopes
    sample: Sampled = replay_sample(player, profile, scopes, number, seed)
    new = [one for one in sample.deviations if (one.rule, one.operation.call) not in known]
    for found in new:
        console.print(f"wrong  {found.rule} in {found.operation.call}", soft_wrap=True)
    console.print(
        f"replayed {sample.made:,} of {sample.of:,} transitions on {plain(facts.name, 100)} "
        f"{plain(facts.version, 100)}, seed {sample.seed}: {len(sample.deviations) - len(new)} met a "
        f"deviation that the certificate names, {len(new)} another one",
        soft_wrap=True,
    )
    return DEVIATES if new or others else CONFORMS


def _diff(console: Console, one: Record, other: Record) -> int:
    found = list(differences(one, other))
    for difference in found:
        console.print(plain(f"{difference.kind:8} {difference.text}", 1000), soft_wrap=True)
    if not found:
        console.print("both certificates say the same")
    return DEVIATES if found else CONFORMS
