"""The public address of a namespace, requested from inside it."""

import ssl

import pytest

from box import NAME, Box
from nsguard.health.exit_address import _cause
from reported import WEB, namespaces


def test_the_exit_address_is_asked_for_inside(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    asked = namespaces(box, "--exit-address", "http://localhost:8080/plain")[NAME]["exitAddress"]
    assert asked == {"address": None, "fault": "the tunnel is not up"}
    box.nsguard("tunnel", "up", NAME)
    box.write("/run/web.py", WEB)
    box.out("sh", "-c", f"ip netns exec {NAME} python3 /run/web.py >/dev/null 2>&1 </dev/null &")
    box.out("sh", "-c", f"until ip netns exec {NAME} ss -Hltn | grep -q 127.0.0.1:8080; do :; done")
    for at, address, fault in [
        ("plain", "203.0.113.9", None),
        ("json", "2001:db8::9", None),
        ("prose", None, "the answer is not an address; use a service that returns nothing else"),
        ("missing", None, "the service returned HTTP 404"),
        ("away", None, "the service returned HTTP 302"),
    ]:
        url = f"http://localhost:8080/{at}"
        asked = namespaces(box, "--exit-address", url)[NAME]["exitAddress"]
        assert asked == {"address": address, "fault": fault and f"{url}: {fault}"}, at
        assert box.nsguard("status", "--exit-address", url).returncode == (1 if fault else 0), at
    assert "  exit       203.0.113.9\n" in box.nsguard("status", "--exit-address", "http://localhost:8080/plain").stdout
    asked = namespaces(box, "--exit-address", "http://localhost:8081/")[NAME]["exitAddress"]
    assert asked == {"address": None, "fault": "http://localhost:8081/: Connection refused"}


def test_an_answer_without_tls_is_said_in_words(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.write("/run/web.py", WEB)
    box.out("sh", "-c", f"ip netns exec {NAME} python3 /run/web.py >/dev/null 2>&1 </dev/null &")
    box.out("sh", "-c", f"until ip netns exec {NAME} ss -Hltn | grep -q 127.0.0.1:8080; do :; done")
    asked = namespaces(box, "--exit-address", "https://localhost:8080/plain")[NAME]["exitAddress"]
    fault = "https://localhost:8080/plain: the TLS handshake failed; check the address and its port"
    assert asked == {"address": None, "fault": fault}


def test_a_certificate_that_is_not_valid_is_said_in_words() -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "certificate has expired"
    assert _cause(error) == (
        "its certificate is not valid (certificate has expired); check the address and this machine's clock"
    )


@pytest.mark.parametrize("url", ["file:///etc/shadow", "am.i.example", "http://"])
def test_what_is_no_web_address_is_refused(box: Box, url: str) -> None:
    done = box.nsguard("status", "--exit-address", url)
    what = f"nsguard: --exit-address '{url}': not a web address; write one like https://am.i.mullvad.net/ip\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", what)
