"""Where the pages of the site come from: Markdown that is made from the specification, never committed."""
