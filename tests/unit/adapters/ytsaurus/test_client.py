"""The client's settings: a connection's own win over ours, except where a read would come out wrong."""

from signalq_billing.adapters.ytsaurus.client import yt_client


def test_a_connection_changes_what_it_names_and_nothing_else() -> None:
    config = yt_client("http://proxy", "token", {"proxy": {"retries": {"count": 9}}, "prefix": "//home/"}).config
    assert config["proxy"]["retries"]["count"] == 9
    assert config["proxy"]["retries"]["total_timeout"] == 60_000
    assert config["proxy"]["url"] == "http://proxy"
    assert config["token"] == "token"
    assert config["prefix"] == "//home/"


def test_a_cluster_that_is_down_is_given_up_within_a_minute() -> None:
    config = yt_client("http://proxy", None).config
    assert config["proxy"]["retries"]["total_timeout"] <= 60_000
    assert config["write_retries"]["backoff"]["exponential_policy"]["start_timeout"] <= 1_000


def test_a_raw_read_is_never_resumed_in_the_middle() -> None:
    asked = {"read_retries": {"enable": True, "count": 3}, "read_parallel": {"enable": True}}
    config = yt_client("http://proxy", None, asked).config
    assert config["read_retries"]["enable"] is False
    assert config["read_retries"]["count"] == 3
    assert config["read_parallel"]["enable"] is False


def test_bodies_are_gzip_whatever_else_is_installed() -> None:
    config = yt_client("http://proxy", None).config
    assert (config["proxy"]["content_encoding"], config["proxy"]["accept_encoding"]) == ("gzip", "gzip, identity")
