"""Pages of a long list."""

from dataclasses import dataclass

_FARTHEST = 1_000_000  # beyond this no list goes, and PostgreSQL's offset still holds it


@dataclass(frozen=True, slots=True)
class Paging:
    """Page `page`, counted from 1, of `found` rows, `size` a page."""

    page: int
    found: int
    size: int

    @staticmethod
    def number(asked: int) -> int:
        """A page number somebody may have typed, as one that can be."""
        return min(max(asked, 1), _FARTHEST)

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        return min(self.page * self.size, self.found)

    @property
    def before(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def after(self) -> int | None:
        return self.page + 1 if self.last < self.found else None
