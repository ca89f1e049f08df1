"""The text of a page, and what it is made of."""

import re
from html import unescape
from html.parser import HTMLParser

from tests.unit.domain.builders import period

WHERE = f"cadence={period().cadence}&period={period().name}"


class Words(HTMLParser):
    """The text of a page, and the tags it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def words(html: str) -> str:
    parser = Words()
    parser.feed(html)
    return re.sub(r"\s+", " ", parser.text)


def links(html: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', html)]
