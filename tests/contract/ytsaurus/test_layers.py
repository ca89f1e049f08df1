"""Nested transactions against a model that simply copies everything: whatever is done inside, a commit keeps all of it
and an abort none. In-process, so that thousands of steps take a second."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest

from signalq_billing.devstack.ytsaurus import cypress, cypress_changes, tables, transactions
from signalq_billing.devstack.ytsaurus.chunks import Chunk
from signalq_billing.devstack.ytsaurus.database import Database
from signalq_billing.devstack.ytsaurus.schema import WEAK
from signalq_billing.devstack.ytsaurus.view import View

Tree = dict[str, dict[str, Any]]
NAMES = ("a", "b")


class Layers:
    """The real thing and the model, led through the same steps. A table's rows are the ids of its chunks."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory / "metadata.sqlite")
        cypress.plant(self.database)
        self.open: list[str] = []
        self.model: list[Tree] = [{}]
        self.written = 0

    @property
    def view(self) -> View:
        return View(self.database, self.open[-1] if self.open else "")

    def begin(self) -> None:
        parent = self.open[-1] if self.open else ""
        self.open.append(transactions.start(self.database, parent, 60_000, None, {}))
        self.model.append(copy.deepcopy(self.model[-1]))

    def commit(self) -> None:
        if self.open:
            transactions.commit(self.database, self.open.pop())
            self.model[-2:] = [self.model[-1]]

    def abort(self) -> None:
        if self.open:
            transactions.abort(self.database, self.open.pop())
            self.model.pop()

    def create(self, name: str) -> None:
        cypress.create(self.view, "table", f"//home/{name}/t", {"recursive": True, "ignore_existing": True})
        self.model[-1].setdefault(name, {"rows": [], "attributes": {}})

    def remove(self, name: str) -> None:
        cypress.remove(self.view, f"//home/{name}", recursive=True, force=True)
        self.model[-1].pop(name, None)

    def write(self, name: str, append: bool) -> None:
        if name in self.model[-1]:
            self.written += 1
            chunk = Chunk(f"chunk-{self.written}", 1, 1, 1)
            view = self.view
            tables.put(view, view.table(f"//home/{name}/t"), [chunk], append, WEAK)
            kept = self.model[-1][name]["rows"] if append else []
            self.model[-1][name]["rows"] = [*kept, chunk.id]

    def mark(self, name: str, key: str) -> None:
        if name in self.model[-1]:
            attributes = self.model[-1][name]["attributes"]
            if key in attributes:
                cypress.remove(self.view, f"//home/{name}/t/@{key}", recursive=False, force=False)
                del attributes[key]
            else:
                cypress_changes.set_value(self.view, f"//home/{name}/t/@{key}", "set", recursive=False, force=False)
                attributes[key] = "set"

    def move(self, name: str, target: str) -> None:
        if name in self.model[-1] and target not in self.model[-1]:
            cypress_changes.copy(self.view, f"//home/{name}", f"//home/{target}", {}, move=True)
            self.model[-1][target] = self.model[-1].pop(name)

    def seen(self) -> Tree:
        view, found = self.view, {}
        for name in cypress.listing(view, "//home", None):
            node = view.table(f"//home/{name}/t")
            rows = [chunk.id for chunk in tables.load(view, node).chunks]
            found[str(name)] = {"rows": rows, "attributes": view.attributes(node.id)}
        return found

    def step(self, chance: random.Random) -> None:
        name, other = chance.sample(NAMES, 2)
        steps = [
            self.begin, self.commit, self.abort,
            lambda: self.create(name), lambda: self.create(name), lambda: self.remove(name),
            lambda: self.write(name, append=True), lambda: self.write(name, append=True),
            lambda: self.write(name, append=False), lambda: self.mark(name, chance.choice("xy")),
            lambda: self.move(name, other),
        ]  # fmt: skip
        chance.choice(steps)()


@pytest.mark.parametrize("seed", range(12))
def test_a_commit_keeps_all_and_an_abort_nothing(seed: int, tmp_path: Path) -> None:
    chance, layers = random.Random(seed), Layers(tmp_path)
    for _ in range(150):
        with layers.database.transaction():
            layers.step(chance)
            assert layers.seen() == layers.model[-1]
    while layers.open:
        layers.commit()
        assert layers.seen() == layers.model[-1]
    left = {str(row[0]) for row in layers.database.rows("SELECT DISTINCT tx FROM node")}
    assert left == {""}
    assert layers.database.rows("SELECT * FROM lock") == []
    layers.database.close()


def test_nothing_is_left_of_removed_trees(tmp_path: Path) -> None:
    layers = Layers(tmp_path)
    count = layers.database.rows("SELECT count(*) FROM node")
    for inside in (False, True):
        if inside:
            layers.begin()
        layers.create("a")
        layers.mark("a", "x")
        layers.remove("a")
        if inside:
            layers.commit()
        assert layers.database.rows("SELECT count(*) FROM node") == count
        assert layers.database.rows("SELECT count(*) FROM attribute") == [(0,)]
    layers.database.close()
