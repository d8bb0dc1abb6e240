"""What MkDocs cannot do by itself for the site of ``docs/``: the reference, drawings, and nothing from other hosts."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import mmdr
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.reference import ROOT, pages

FILES = {"changes.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
"""Pages of the site that are files of the checkout."""
FONT = '%%{init: {"themeVariables": {"fontFamily": "DejaVu Sans, Verdana, sans-serif", "fontSize": "13px"}}}%%\n'
"""One that is as wide as what the library measures with."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the reference, and files of the checkout, whose links lead from there."""
    taken = {path: (ROOT / name).read_text().replace("](docs/", "](") for path, name in FILES.items()}
    for path, text in {**pages(), **taken}.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Takes files of the checkout that a page links to into the site."""

    def taken(link: re.Match[str]) -> str:
        path = (ROOT / "docs" / page.file.src_uri).parent.joinpath(link[1]).resolve()
        if not path.is_file() or path.suffix == ".md":
            return link[0]
        name = f"checkout/{path.relative_to(ROOT).as_posix()}"
        if files.get_file_from_path(name) is None:
            files.append(File.generated(config, name, abs_src_path=str(path)))
        return f"]({'../' * page.file.src_uri.count('/')}{name})"

    return re.sub(r"\]\(((?:\.\./)+[\w/.-]+)\)", taken, markdown)


def drawing(source: str, language: str, name: str, options: Any, md: Any, **others: Any) -> str:
    """A fence of mermaid as SVG: a formatter of ``pymdownx.superfences``."""
    svg = mmdr.render(FONT + source).svg()
    unique = f"drawing-{hashlib.sha256(source.encode()).hexdigest()[:8]}"  # ids and styles are of the whole page
    return f'<figure class="drawing">{svg.replace("merman", unique)}</figure>'


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Raises: `PluginError` for a page that a browser would load something for from elsewhere."""
    foreign = _Resources()
    foreign.feed(output)
    if foreign.found:
        raise PluginError(f"{page.file.src_uri}: takes {', '.join(foreign.found)} from elsewhere")
    return output


class _Resources(HTMLParser):
    """What a page loads by itself; links are none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        taken = [given.get("src", ""), given.get("srcset", "")]
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next", "edit"):
            taken.append(given.get("href", ""))
        self.found += [path for path in taken if re.match(r"(https?:)?//", path)]
        if "mermaid" in given.get("class", "").split():
            self.found.append("a script for mermaid")
