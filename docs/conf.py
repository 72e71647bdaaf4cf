"""Sphinx settings. build.py makes the sources; neither the build nor a reader fetches anything."""

from __future__ import annotations

from snaptree.spec.rules import specification_version

project = "snaptree"
author = "the snaptree authors"
version = release = specification_version
html_title = f"snaptree, specification {specification_version}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence"]
# A rule is found by its own anchor; headings need none beside the ids that docutils gives them.
nitpicky = True
# The standard library and other projects are not part of this site, and their inventories would
# have to be fetched. Private names have no entry, nor have aliases of types, which signatures show
# by their bare names. Roles in the pages name functions and modules in full, and stay checked.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|typing|types|pathlib|enum|dataclasses|importlib|rpds|lxml|etree)\b.*"),
    (r"py:.*", r"(snaptree\.[\w.]+\.)?_\w+"),
    (r"py:(class|obj|data)", r"[A-Z]\w*"),
]

# Signatures show types by bare names, and `Domain` is one of the model and one of the contract of drivers.
suppress_warnings = ["ref.python"]

autodoc_typehints = "signature"
autodoc_default_options = {"exclude-members": "__init__, __new__"}
python_use_unqualified_type_names = True
# What a module only imports is shown where it is written.
viewcode_follow_imported_members = False
add_module_names = False
highlight_language = "text"
pygments_style = "friendly"
pygments_dark_style = "native"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["snaptree.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
