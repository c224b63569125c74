"""A page as tests read it: its tags, its text, its tables, and the data of its script."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "img", "br", "link", "hr", "input", "wbr"}


class Page(HTMLParser):
    """Tags with their attributes, the text, and tables as rows of cells; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.tables: list[list[list[str]]] = []
        self.sections: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
        elif tag == "script":
            self.scripts.append("")
        elif tag == "section" and (name := dict(attrs).get("id")):
            self.sections.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            self.scripts[-1] += data
        if {"style", "script"} & set(self.open):
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self) -> dict[str, Any]:
        """Return the data that the page's script reads."""
        found: dict[str, Any] = json.loads(next(text for text in self.scripts if text.startswith("{")))
        return found

    def table(self, first: str) -> list[list[str]]:
        return next(table for table in self.tables if table[0][0] == first)


def rows_of(page: str, table: str) -> list[list[str]]:
    """Return the text of the cells of each row of a table's body."""
    (body,) = re.findall(rf'<table id="{table}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    cells = [re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)]
    return [[unescape(re.sub(r"<[^>]*>", " ", cell.replace("<wbr>", ""))).strip() for cell in row] for row in cells]
