"""The laws in one table: formula, sentence, and the module that searches for a counterexample."""

from __future__ import annotations

import html
import re
from typing import Final

from pages.words import table
from snaptree.spec.laws import LAWS, Law

_WIDTH: Final = "19em"
"""Narrower, formulas are hard to read: on a narrow screen the table is scrolled instead."""
_BREAKS: Final = re.compile(r"(?<=\))(?=[·\[])")
"""Where a line may end, besides at spaces: after the arguments of an operation."""


def law_pages() -> dict[str, str]:
    """One page with every law, and the notation of the formulas."""
    rows = [(_name(one), _formula(one), one.sentence, _module(one)) for one in LAWS]
    return {
        "laws.md": f"""# Laws

A rule speaks of one operation; a law says how several of them fit together, on any domain and under any
profile. Each of these {len(LAWS)} is checked on every small tree and on random ones, and for each there is a
wrong model that breaks it. `snaptree laws` checks them on every domain of a few snapshots, and shows a
counterexample if there is one. A law that compares nothing under a profile is *not asked*; `--variations`
checks the laws under each profile that differs in one point as well.

:::{{container}} snaptree-wide snaptree-laws
{table(("law", "formula", "in words", "module"), rows)}
:::

## Notation

```{{eval-rst}}
.. automodule:: snaptree.spec.laws
   :no-members:
   :no-index:
```
"""
    }


def _name(law: Law) -> str:
    return f'<span id="law-{law.name}">{law.name}</span>'


def _formula(law: Law) -> str:
    """Each statement of a formula as code on lines of its own, which break between operations."""
    lines = [
        f'<code class="docutils literal notranslate">{_BREAKS.sub("<wbr>", html.escape(one))}</code>'
        for one in law.formula.split("; ")
    ]
    return f'<div style="min-width: {_WIDTH}">{"<br>".join(lines)}</div>'


def _module(law: Law) -> str:
    name = law.search.__module__
    return f"{{py:mod}}`{name.rpartition('.')[2]} <{name}>`"
