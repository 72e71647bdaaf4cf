"""libvirt's QEMU driver: what its domains hold, how its snapshots are kept, and where it is brought up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_images.qcow2 import NotReadable, read_image
from snaptree.conformance.drivers.libvirt import LibvirtDriver
from snaptree.conformance.drivers.libvirt.documents import Place, domain_disks, places
from snaptree.conformance.drivers.libvirt.hosts.address import Address, read_address
from snaptree.conformance.hosts import SYSTEMS
from snaptree.conformance.judging.deviations import rules_broken
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import InvalidPowerState, Unsupported

from .conftest import Opening
from .hypervisors import known_of

NEWER = "libvirt-trixie"


def known_operations(driver: LibvirtDriver, rule: str) -> set[str]:
    """The calls in which a driver is known to break a rule."""
    known = known_of(driver.profile.name, driver.version)
    return {entry.operation for entry in known if entry.rule == rule}


def broken(driver: LibvirtDriver, operations: list[ops.Operation]) -> tuple[str, str]:
    """The call in which a sequence deviates, and the first rule that it breaks there."""
    run = run_sequence(driver, operations)
    assert run.differences
    last = run.steps[-1]
    return last.operation.call, rules_broken(last, run.differences, driver.profile)[0]


# --- content -------------------------------------------------------------------------


def test_memory_and_disks_of_a_domain_that_runs_come_back(opening: Opening) -> None:
    embedded = opening("qemu:///embed")
    operations = [
        ops.WriteDisk("vda", 0, 1), ops.Start(), ops.WriteMemory(7), ops.WriteDisk("vdb", 15, 2),
        ops.Create("on", memory=True), ops.WriteMemory(8), ops.WriteDisk("vdb", 15, 3), ops.ManagedSave(),
        ops.Start(), ops.Revert("s1"), ops.Stop(), ops.WriteDisk("vda", 0, 4),
    ]  # fmt: skip
    run = run_sequence(embedded, operations)
    assert run.differences == ()
    # The last one reads the memory of the point, which shows in no other way.
    assert run.steps[-1].operation == ops.Revert("s1")
    resumed = run.steps[8].observation
    assert resumed is not None
    assert (resumed["active"]["memory"], resumed["active"]["disks"]["vdb"]["blocks"]) == (8, {"15": 3})
    assert run.steps[9].observation is not None
    assert run.steps[9].observation["active"]["memory"] == 7


def test_a_point_is_read_without_reverting_to_it(opening: Opening) -> None:
    domain = opening("qemu:///embed").open()
    domain.write_disk("vda", 0, 5)
    domain.create("a")
    domain.write_disk("vda", 0, 6)
    domain.write_disk("vda", 3, 7)
    seen = domain.observe()
    assert seen["snapshots"][0]["point"]["disks"]["vda"] == {"size": 1048576, "blocks": {"0": 5}}
    assert seen["active"]["disks"]["vda"]["blocks"] == {"0": 6, "3": 7}


def test_there_is_no_memory_to_write_while_off(opening: Opening) -> None:
    domain = opening("qemu:///embed").open()
    with pytest.raises(InvalidPowerState):
        domain.write_memory(1)


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img makes the images")
def test_what_is_read_inside_an_image_is_what_qemu_img_reads(tmp_path: Path) -> None:
    image, base = tmp_path / "image.qcow2", tmp_path / "base.qcow2"

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, capture_output=True)

    run("qemu-img", "create", "-q", "-f", "qcow2", base, "1M")
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, image)
    run("qemu-io", "-c", "write -P 9 65536 512", "-c", "write -z 131072 65536", image)
    run("qemu-img", "snapshot", "-c", "one", image)
    run("qemu-io", "-c", "write -P 8 65536 512", "-c", "write -P 7 0 512", image)
    run("qemu-img", "snapshot", "-c", "two", image)
    for name in ("one", "two"):
        plain = tmp_path / "plain"
        run("qemu-img", "convert", "-l", f"snapshot.name={name}", "-O", "raw", image, plain)
        content = plain.read_bytes()
        inside = read_image(image, name)
        assert inside is not None
        assert inside.size == len(content)
        assert inside.backing == str(base)
        for block, held in inside.blocks.items():
            assert (held or bytes(512)) == content[block * 65536 :][:512]
    run("qemu-img", "convert", "-O", "raw", image, plain)
    content, now = plain.read_bytes(), read_image(image)
    assert now is not None
    assert {k: held or bytes(512) for k, held in now.blocks.items()} == {
        k: content[k * 65536 :][:512] for k in range(16)
    }
    one = read_image(image, "one")
    assert one is not None
    # Nothing was written to block 0; block 2 was made zero: that is content, and hides the backing file's.
    assert (one.blocks[0], one.blocks[2]) == (None, bytes(512))
    assert read_image(image, "three") is None
    assert read_image(tmp_path / "nothing", "one") is None
    plain.write_bytes(b"no image")
    with pytest.raises(NotReadable):
        read_image(plain, "one")


# --- external and mixed ----------------------------------------------------------------


def test_external_snapshots_keep_their_content(opening: Opening) -> None:
    driver = opening("qemu:///embed?snapshots=external")
    operations = [
        ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.WriteDisk("vda", 0, 2), ops.Start(),
        ops.WriteDisk("vdb", 3, 3), ops.Create("b"), ops.WriteDisk("vdb", 3, 4), ops.WriteMemory(5),
        ops.Create("c", memory=True), ops.MergeIntoChildren("s2"), ops.MergeIntoChildren("s3"),
    ]  # fmt: skip
    assert driver.profile.memory == "optional"
    assert run_sequence(driver, operations).differences == ()


def test_what_an_old_libvirt_does_not_revert_to_is_not_claimed(opening: Opening) -> None:
    driver = opening("qemu:///embed?snapshots=external")
    claimed = not driver.version.startswith("9.0.")
    assert driver.profile.claims("revert") is claimed
    if not claimed:
        domain = driver.open()
        domain.create("a")
        with pytest.raises(Unsupported):
            domain.revert("a")


DEVIATIONS = [
    (
        "qemu:///embed",
        [ops.Create("2"), ops.WriteDisk("vda", 0, 1), ops.Create("1"), ops.Revert("s2")],
        ("revert", "NAME-12"),
    ),
    (
        "qemu:///embed?snapshots=mixed",
        [ops.Create("a"), ops.WriteDisk("vda", 0, 1), ops.Create("b"), ops.Revert("s1")],
        ("revert", "REVERT-3"),
    ),
    (
        "qemu:///embed?snapshots=mixed",
        [
            ops.Create("a"), ops.Discard("s1"), ops.MergeIntoChildren("s1"), ops.Create("b"), ops.Create("c"),
            ops.MergeIntoChildren("s2"),
        ],
        ("merge_into_children", "MERGE-2"),
    ),
    (
        "qemu:///embed?snapshots=external",
        [ops.Start(), ops.Create("a"), ops.ManagedSave(), ops.MergeIntoChildren("s1"), ops.Start()],
        ("start", "TREE-4"),
    ),
    (
        "qemu:///embed?snapshots=external",
        [ops.Start(), ops.Pause(), ops.Create("a", memory=True), ops.MergeIntoChildren("s1")],
        ("merge_into_children", "TREE-4"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("uri", "operations", "deviation"), DEVIATIONS)
def test_it_deviates_as_known(
    opening: Opening, uri: str, operations: list[ops.Operation], deviation: tuple[str, str]
) -> None:
    driver = opening(uri)
    if not driver.version.startswith("9.0."):
        pytest.skip("the pages speak of 9.0.0")
    assert broken(driver, operations) == deviation
    call, rule = deviation
    assert call in known_operations(driver, rule)


# --- where it is brought up --------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("qemu:///embed", Address("qemu:///embed")),
        ("qemu:///embed?root=/r&snapshots=external", Address("qemu:///embed", "external", "/r")),
        ("qemu:///system?snapshots=mixed&socket=/s", Address("qemu:///system?socket=/s", "mixed")),
        ("test:///default?tree=libvirt-trixie", Address("test:///default", tree=NEWER)),
        ("test:///a/file.xml", Address("test:///a/file.xml")),
        ("test:///default?thin=yes", Address("test:///default", thin=True)),
        ("", Address("")),
    ],
)
def test_what_is_ours_of_a_uri_is_not_libvirts(target: str, address: Address) -> None:
    assert read_address(target) == address


def test_thin_is_yes_or_no() -> None:
    with pytest.raises(DriverUnavailable, match="thin='perhaps' is neither yes nor no"):
        read_address("qemu:///embed?thin=perhaps")


def test_a_kind_of_snapshot_that_there_is_not() -> None:
    with pytest.raises(DriverUnavailable, match="'sideways' is none of internal, external, mixed"):
        read_address("qemu:///embed?snapshots=sideways")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("qemu:///embed?tree=vcsim", "none that has libvirt: libvirt-trixie"),
        ("qemu:///embed?tree=nothing", "none that has libvirt"),
        ("vbox:///session", "is none of test:///default"),
    ],
)
def test_what_cannot_be_brought_up_says_why(opening: Opening, work: Path, uri: str, said: str) -> None:
    opening("test:///default").close()
    with pytest.raises(DriverUnavailable, match=said):
        LibvirtDriver(DriverOptions(target=uri, work=work))


def test_documents_say_where_disks_lie() -> None:
    disk = (
        "<disk><source file='/i/{0}'/><target dev='{0}'/><alias name='virtio-{0}'/></disk>"
        "<disk device='cdrom'><target dev='hdc'/></disk>"
    )
    devices = disk.format("vda") + disk.format("vdb")
    domain = f"<domain type='qemu'><name>d</name><devices>{devices}</devices></domain>"
    found = domain_disks(domain)
    assert (found["vda"].image, found["vda"].alias) == (Path("/i/vda"), "virtio-vda")
    assert set(found) == {"vda", "vdb"}
    snapshot = (
        "<domainsnapshot><name>n</name><disks><disk name='vda' snapshot='internal'/>"
        f"<disk name='vdb' snapshot='external'/><disk name='vdc' snapshot='no'/></disks>{domain}"
        "</domainsnapshot>"
    )
    assert places(snapshot, "n") == {"vda": Place(Path("/i/vda"), "n"), "vdb": Place(Path("/i/vdb"))}
    assert places("<domainsnapshot><name>n</name></domainsnapshot>", "n") == {}


_IMPORTED = """
import sys
import snaptree.conformance.drivers.remote.server
import snaptree.conformance.drivers.libvirt.serving
for name in sorted(name for name in sys.modules if "." not in name):
    origin = getattr(sys.modules[name], "__file__", None) or ""
    if "site-packages" in origin and not name.startswith("_"):
        print(name)
"""


def test_a_tree_has_what_the_driver_imports() -> None:
    """Else the driver cannot be served inside, and nobody notices where there is no tree."""
    ran = subprocess.run([sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True)
    # With python3-jsonschema come the others.
    with_jsonschema = {
        "attr",
        "attrs",
        "idna",
        "jsonschema_specifications",
        "referencing",
        "typing_extensions",
    }
    packages = {"jsonschema": "python3-jsonschema", "lxml": "python3-lxml", "rpds": "python3-rpds-py"}
    imported = set(ran.stdout.split()) - with_jsonschema
    assert imported <= set(packages)
    assert {packages[name] for name in imported} <= set(SYSTEMS[NEWER].packages)


def test_a_newer_libvirt_comes_from_a_private_tree_and_leaves_nothing(opening: Opening, work: Path) -> None:
    driver = opening(f"qemu:///embed?snapshots=external&tree={NEWER}")
    assert driver.version.startswith("11.")
    operations = [ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.WriteDisk("vda", 0, 2), ops.Revert("s1")]
    assert run_sequence(driver, [*operations, ops.Start(), ops.WriteMemory(3)]).differences == ()
    driver.close()
    assert list(work.iterdir()) == []


_DAEMON = r"""
for place in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /run; do
    mkdir -p "$place"; mount -t tmpfs -o mode=755 private "$place"
done
mkdir -p /run/libvirt /var/lib/libvirt/qemu /var/log/libvirt/qemu
if ! getent passwd libvirt-qemu >/dev/null; then
    # A daemon of root's looks for this account before it reads that it need not.
    cp /etc/passwd /etc/group /run
    echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin' >>/run/passwd
    echo 'libvirt-qemu:x:64055:' >>/run/group
    mount --bind /run/passwd /etc/passwd; mount --bind /run/group /etc/group
fi
cat >/etc/libvirt/libvirtd.conf <<END
auth_unix_rw = "none"
END
cat >/etc/libvirt/qemu.conf <<END
stdio_handler = "file"
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
END
libvirtd --pid-file /run/snaptree-test.pid 2>/run/said &
daemon=$!
trap 'kill $daemon; wait $daemon' EXIT
for _ in $(seq 300); do [ -S /run/libvirt/libvirt-sock ] && break; sleep 0.1; done
"$@"
"""
"""A daemon in a mount namespace, with nothing of the host's and nothing for the host."""

_ON_A_DAEMON = """
import sys
from pathlib import Path
import libvirt
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.libvirt import LibvirtDriver
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops

work = Path(sys.argv[1])
connection = libvirt.open("qemu:///system")
foreign = "<domain type='qemu'><name>{}</name><memory unit='MiB'>4</memory><os><type>hvm</type></os></domain>"
connection.defineXML(foreign.format("theirs"))
driver = LibvirtDriver(DriverOptions(target="qemu:///system", work=work))
print(driver.name, driver.profile.name)
grown = [ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.Start(), ops.WriteMemory(5)]
print(run_sequence(driver, [*grown, ops.WriteDisk("vda", 0, 2), ops.Revert("s1")]).differences)
domain = driver.open()
domain.start()
domain.create("on", memory=True)
print(len(connection.listAllDomains()), "domains")
driver.close()
print(*[one.name() for one in connection.listAllDomains()], *work.iterdir())
connection.defineXML(foreign.format("snaptree-left"))
try:
    LibvirtDriver(DriverOptions(target="qemu:///system", work=work))
except DriverUnavailable as error:
    print("refused:", str(error).partition(",")[0])
print(*sorted(one.name() for one in connection.listAllDomains()), *work.iterdir())
"""


def test_on_a_daemon_it_removes_what_it_made_and_nothing_else(opening: Opening, work: Path) -> None:
    opening("qemu:///embed").close()
    if os.geteuid() != 0 or shutil.which("libvirtd") is None or shutil.which("unshare") is None:
        pytest.skip("a private daemon needs root, libvirtd and unshare")
    ran = subprocess.run(
        [
            "unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", _DAEMON, "sh",
            sys.executable, "-c", _ON_A_DAEMON, str(work),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "Operation not permitted" in ran.stderr and not ran.stdout:
        pytest.skip("no namespaces here")
    assert ran.stdout.splitlines() == [
        "libvirt qemu:///system libvirt-qemu-internal", "()", "2 domains", "theirs",
        "refused: qemu:///system holds snaptree-left", "snaptree-left theirs",
    ], ran.stderr[-2000:]  # fmt: skip


def test_no_daemon_is_one_sentence(opening: Opening, work: Path) -> None:
    opening("qemu:///embed").close()
    with pytest.raises(DriverUnavailable, match="qemu:///system cannot be opened") as told:
        LibvirtDriver(DriverOptions(target=f"qemu:///system?socket={work}/none", work=work))
    assert told.value.install is not None
    with suppress(FileNotFoundError):
        assert list(work.iterdir()) == []
