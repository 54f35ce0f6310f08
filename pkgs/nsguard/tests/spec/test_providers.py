"""Provider files as they are delivered: the settings in each, and that wg-quick(8) and wg(8) read the same ones.

We wrote the files in each provider's documented format, with its quirks: CRLF and a byte order mark (OPNsense, as saved
on Windows), comments after values, keys in any case and order, repeated lines, host names, IPv6 in brackets.
"""

import shutil
from pathlib import Path

import pytest

from box import HERE, Box
from nsguard.errors import BadInput
from nsguard.net import wireguard
from nsguard.spec import values
from nsguard.spec.model import AMNEZIAWG, WIREGUARD, Config
from nsguard.spec.wgquick import parse
from nsguard.system import files
from provider_files import DEVICE, PROVIDERS, shown, stripped

DOCUMENT = HERE.parents[2] / "docs/provider-files.md"
# The files for type amneziawg; the others are plain WireGuard.
AMNEZIA = {"windscribe-amneziawg", "wg-easy-amneziawg"}
REFUSED = {"mullvad-kill-switch"}


def _kind(name: str) -> str:
    return AMNEZIAWG if name in AMNEZIA else WIREGUARD


def _parse(name: str) -> tuple[Config, list[str]]:
    return parse(files.read(str(PROVIDERS[name])), f"{name}.conf", _kind(name))


def row(name: str) -> str:
    """The settings in a file, as a line of the table in the documentation."""
    try:
        config, warnings = _parse(name)
    except BadInput as refused:
        return f"| `{name}` | refused | | | | `{refused}` |"
    said = [warning.partition(": ")[2].partition(" is ignored")[0] + " ignored" for warning in warnings]
    if config.amneziawg:
        said.insert(0, '`type = "amneziawg"`')
    addresses = " ".join(str(address) for address in config.addresses)
    resolvers = " ".join([*map(str, config.dns), *config.search]) or "none"
    peers = " ".join(
        f"{peer.endpoint}"
        + (f" every {peer.keepalive} s" if peer.keepalive else "")
        + (" with preshared key" if peer.preshared_key else "")
        for peer in config.peers
    )
    return f"| `{name}` | {addresses} | {resolvers} | {config.mtu or ''} | {peers} | {', '.join(said)} |"


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the documentation is not beside this package")
def test_the_documentation_says_what_each_file_gives() -> None:
    shown = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    assert shown == [row(name) for name in PROVIDERS]


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_file_gives_what_it_says(name: str) -> None:
    text = PROVIDERS[name].read_bytes()
    if name in REFUSED:
        with pytest.raises(BadInput, match=r"^mullvad-kill-switch\.conf:6: PostUp is a shell command"):
            _parse(name)
        return
    config, _ = _parse(name)
    assert config.private_key.reveal().encode() in text
    for value in (*config.addresses, *config.dns, *config.search):
        assert str(value).encode().lower().removesuffix(b"/32").removesuffix(b"/128") in text.lower()
    for peer in config.peers:
        assert peer.public_key.encode() in text
        assert str(peer.endpoint).encode() in text
    assert (config.mtu is None) == (b"MTU" not in text)
    assert {key for key, _ in config.amneziawg} == {
        line.split(b" ")[0].decode()
        for line in text.splitlines()
        if line[:1] in b"JSHI" and line[:1] and b" = " in line
    } - {"SaveConfig"}


@pytest.mark.parametrize("name", sorted(AMNEZIA))
def test_a_disguise_needs_its_type(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(files.read(str(PROVIDERS[name])), "x.conf")
    line = next(i for i, line in enumerate(PROVIDERS[name].read_text().splitlines(), 1) if line.startswith("Jc"))
    assert str(refused.value) == f'x.conf:{line}: Jc is a setting of AmneziaWG; give the tunnel type = "amneziawg"'


@pytest.fixture
def device(box: Box) -> Box:
    """A box with a link of wireguard-go in it."""
    box.out("sh", "-c", f"WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 wireguard-go {DEVICE}")
    return box


@pytest.mark.parametrize("name", sorted(PROVIDERS.keys() - REFUSED - AMNEZIA))
def test_wg_understands_the_same(device: Box, name: str) -> None:
    text = files.read(str(PROVIDERS[name]))
    config, warnings = _parse(name)
    if any("Reserved" in warning for warning in warnings):  # wg(8) does not know this key
        text = "\n".join(line for line in text.splitlines() if not line.startswith("Reserved"))
    text = text.replace("\r\n", "\n")  # wg-quick would read the carriage return as a part of the value
    if "Applications" in text:  # wg(8) does not know these keys, either
        text = "\n".join(line for line in text.splitlines() if "Applications" not in line)
    # wg(8) would look up a name. The test does not compare the address of a name, so it replaces the name.
    endpoints = {}
    for peer in config.peers:
        assert peer.endpoint
        known = peer.endpoint if values.is_address(peer.endpoint.host) else peer.endpoint._replace(host="192.0.2.9")
        text = text.replace(str(peer.endpoint), str(known))
        endpoints[peer.public_key] = known
    ours = shown(device, wireguard.settings(config, endpoints, "0x1", config.listen_port))
    assert ours == shown(device, stripped(device, text))
    assert len(ours) == 1 + len(config.peers)


@pytest.mark.skipif(not shutil.which("awg"), reason="awg (amneziawg-tools) is not installed: it is NOT compared")
@pytest.mark.parametrize("name", sorted(AMNEZIA))
def test_awg_understands_every_setting(box: Box, name: str) -> None:
    """awg reads the whole configuration before it looks for the device, and this device does not exist."""
    config, _ = _parse(name)
    text = wireguard.settings(config, {}, "0x1", None)
    assert all(f"\n{key} = {value}\n" in text for key, value in config.amneziawg)
    done = box.run("awg", "setconf", "nobody", "/dev/stdin", stdin=text)
    assert done.stderr.startswith("Unable to modify interface")
    wrong = box.run("awg", "setconf", "nobody", "/dev/stdin", stdin=text.replace("Jc = ", "Jc = x"))
    assert wrong.stderr.startswith("Unable to parse Jc")


def test_the_files_are_as_they_were_written() -> None:
    """No editor, and no version control, may have removed the quirks."""
    raw = {name: Path(path).read_bytes() for name, path in PROVIDERS.items()}
    assert raw["opnsense"].startswith(b"\xef\xbb\xbf[Interface]\r\n")
    assert b"\r\n" in raw["windscribe"]
    assert not raw["mullvad"].endswith(b"\n")
