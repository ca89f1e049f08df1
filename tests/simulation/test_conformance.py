"""The simulated store answers as the one on PostgreSQL does: what is simulated is the product and nothing else."""

import random

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.domain.config import OrderPer
from tests.simulation.mutations import MUTATIONS
from tests.simulation.pair import Pair
from tests.unit.domain.builders import config

SEQUENCES, STEPS = 20, 30
# Those that change the store in ways that one caller after another can see.
STORE_MUTATIONS = (
    "no fencing",
    "a takeover while the lease lives",
    "held payouts are claimed",
    "what is ambiguous is forgotten",
)


def play(engine: Engine, sequences: range) -> None:
    """Sequences of calls, each on a park of its own, in both stores. AssertionError where they answer differently."""
    parks = [config(park_id=f"park-{seed}", order_per=list(OrderPer)[seed % 2]) for seed in sequences]
    PostgresConfigStore(engine).apply(parks, "test")
    for seed, park in zip(sequences, parks, strict=True):
        pair = Pair(random.Random(seed), engine, park, [each.park_id for each in parks if each != park])
        for _ in range(STEPS):
            pair.step()


def test_any_sequence_of_calls_has_the_same_results_in_the_simulated_store_and_in_postgresql(engine: Engine) -> None:
    play(engine, range(SEQUENCES))


@pytest.mark.parametrize("name", STORE_MUTATIONS)
def test_a_simulated_store_of_other_rules_is_found_out(engine: Engine, name: str) -> None:
    with MUTATIONS[name](), pytest.raises(AssertionError, match="but simulated"):
        play(engine, range(SEQUENCES))
