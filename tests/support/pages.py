"""HTML as a browser reads it."""

from __future__ import annotations

from bs4 import BeautifulSoup


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def words_of(html: str) -> str:
    """Return the text of a page, with single spaces."""
    return " ".join(soup(html).get_text(" ").split())
