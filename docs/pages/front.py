"""The first page: what snaptree is, one figure, and links to everything else."""

from __future__ import annotations

from typing import Final

from pages.chapter import figure
from pages.deletes import delete_table
from pages.words import rule_link
from snaptree.spec.rules import CHAPTERS, Example, rules, specification_version

_SHOWN: Final = (
    Example("fork", ("merge_into_children(b)",)),
    Example("fork", ("discard_forced(b)",)),
    Example("fork", ("merge_into_parent(b)",)),
)
"""One snapshot, three meanings of "delete"."""


def front_pages() -> dict[str, str]:
    """The first page."""
    musts = sum(one.level == "MUST" for one in rules())
    pictures = "\n\n".join(figure(example) for example in _SHOWN)
    chapters = "\n".join(f"chapters/{name}" for name in CHAPTERS if name != "mail")
    return {
        "index.md": f"""# Snapshot trees of virtual machines

What does it mean to *delete* a snapshot? To merge it into its children, into its parent, or to throw it
away: three different answers, and hypervisors give all of them under one name. This is specification
{specification_version} of what the operations on a tree of snapshots mean: {len(rules())} rules, {musts} of
them MUST. Each is one sentence with an id, computed by a model, and tested on drivers.

The same snapshot `b`, deleted in three ways:

{pictures}

The first is {rule_link("MERGE-17")}. The second takes what depends on `b` with it ({rule_link("FORCE-1")}),
and the third would destroy more than was named, so it is refused ({rule_link("MERGE-26")}). All figures of
these pages are computed by the model. Equal numbers of *content* mean that disks read the same; the current
snapshot is bold; what an operation destroys is crossed out in the picture before it.

## Which delete?

What each call does with the snapshot `x`, by the place of `x` in the tree. Each row leads to its
picture and to what each hypervisor may answer: {{doc}}`which-delete`.

{delete_table(link="answers")}

## Where to go

- To read: {{doc}}`chapters/terms` first, then {{doc}}`chapters/tree`.
- To look up: {{doc}}`rules`, {{doc}}`laws`, or what {{doc}}`the mail of 2010 asked </chapters/mail>`.
- To choose a hypervisor, or to see where yours differs: {{doc}}`profiles`.
- To put your own under the suite: {{doc}}`tutorial`, then {{doc}}`drivers`, and {{doc}}`protocol` for
  another language. To put a vSphere host under it, safely: {{doc}}`esx`.

```{{toctree}}
:caption: The specification
:hidden:
:maxdepth: 1

which-delete
{chapters}
rules
chapters/mail
```

```{{toctree}}
:caption: Hypervisors
:hidden:
:maxdepth: 1

profiles
tutorial
ci
certificates
drivers
protocol
esx
command
schemas
mutants
```

```{{toctree}}
:caption: The model
:hidden:
:maxdepth: 1

laws
model/index
```
"""
    }
