"""What is read out of a Redis URL, and that no password of it is shown."""

import pytest

from libria.stores.redis_address import Address, address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:pw@host:1/2?ssl=x", Address("plain", "redis://:pw@host:1/2?ssl=x", "redis://host:1/2")),
        ("rediss://user:p%40@host", Address("plain", "rediss://user:p%40@host", "rediss://host")),
        (
            "unix:///run/r.sock?db=1&password=pw",
            Address("plain", "unix:///run/r.sock?db=1&password=pw", "unix:///run/r.sock"),
        ),
        (
            "redis+sentinel://u:pw@a,b:1/main/3?sentinel_password=sp&ssl_ca_certs=/ca",
            Address(
                "sentinel",
                "redis://u:pw@localhost/3?ssl_ca_certs=%2Fca",
                "redis+sentinel://a,b:1/main/3",
                (("a", 26379), ("b", 1)),
                "main",
                sentinel_password="sp",
            ),
        ),
        (
            "rediss+cluster://:pw@[::1]:7000,host",
            Address(
                "cluster",
                "rediss://:pw@localhost",
                "rediss+cluster://[::1]:7000,host",
                (("::1", 7000), ("host", 6379)),
            ),
        ),
    ],
)
def test_read(url: str, expected: Address) -> None:
    read = address(url)
    assert read == expected
    for secret in ("pw", "sp", "p%40"):
        assert secret not in read.shown
        assert secret not in repr(read)


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "host:6379",
        "redis+sentinel://:pw@host:26379",
        "redis+sentinel://:pw@host:26379/",
        "redis+cluster://:pw@host:none",
        "redis+cluster://:pw@host,,",
        "redis+cluster://:pw@host:70000",
    ],
)
def test_refused_without_a_word_of_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        address(url)
    assert "pw" not in str(caught.value)
