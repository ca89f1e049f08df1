import socket
from collections.abc import Iterator

import pytest

from signalq_billing.devstack import local_ports


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_somebody_listens_on_is_not_free(listener: int) -> None:
    assert not local_ports.is_free(listener)


def test_a_port_somebody_listens_on_everywhere_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not local_ports.is_free(server.getsockname()[1])


def test_a_port_whose_server_has_just_ended_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert local_ports.is_free(port)


def test_a_taken_familiar_port_is_stepped_around(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(local_ports.FAMILIAR, "api-server", listener)
    chosen = local_ports.choose("api-server")
    assert chosen != listener
    assert local_ports.is_free(chosen)


def test_two_programs_never_get_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(local_ports.FAMILIAR, "postgres", 28411)
    assert local_ports.choose("postgres", {28411}) != 28411
