from pathlib import Path

from signalq_billing.devstack.memory import Memory


def test_ports_and_secrets_are_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = Memory(tmp_path / "stack.json")
    known = first.port("postgres"), first.secret("ytsaurus"), first.fernet_key()
    again = Memory(tmp_path / "stack.json")
    assert (again.port("postgres"), again.secret("ytsaurus"), again.fernet_key()) == known


def test_only_the_owner_may_read_the_secrets(tmp_path: Path) -> None:
    Memory(tmp_path / "stack.json").secret("ytsaurus")
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_each_program_has_a_port_and_a_secret_of_its_own(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "stack.json")
    names = ("api-server", "billing-orders", "ytsaurus", "postgres", "supervisor")
    assert len({memory.port(name) for name in names}) == len(names)
    assert memory.secret("ytsaurus") != memory.secret("billing-orders")


def test_a_forgotten_port_is_chosen_anew(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "stack.json")
    memory.put("port.postgres", "1")
    memory.forget_port("postgres")
    assert memory.port("postgres") != 1


def test_a_write_cut_short_leaves_the_old_memory(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "stack.json")
    secret = memory.secret("ytsaurus")
    (tmp_path / "stack.partial").write_text("{half")
    memory.put("airflow_migrated", "3.3.2")
    assert Memory(tmp_path / "stack.json").secret("ytsaurus") == secret


def test_no_secret_looks_like_an_option(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "stack.json")
    assert all(memory.secret(f"number {number}").isalnum() for number in range(50))
