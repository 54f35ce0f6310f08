"""Menu entries of apps."""

from pathlib import Path

import pytest

from nsguard.apps.desktop import entry
from nsguard.errors import BadInput

ORIGINAL = """\
# a comment = kept
[Desktop Entry]
Version=1.0
Name=Web Browser
Name[de]=Webbrowser
TryExec=/usr/bin/browser
Exec=env GTK_A="x y" B=c /usr/bin/browser --class="a b" %U
DBusActivatable=true
Icon=browser
MimeType=text/html;x-scheme-handler/https;
Actions=new;

[Desktop Action new]
Name=New Window
Exec=/usr/bin/browser --new-window
"""
LAUNCHED = """\
# a comment = kept
[Desktop Entry]
Version=1.0
Name=Web Browser (vpn)
Name[de]=Webbrowser (vpn)
Exec=/bin/web --class="a b" %U
Icon=browser
MimeType=text/html;x-scheme-handler/https;
Actions=new;

[Desktop Action new]
Name=New Window
Exec=/bin/web --new-window
"""


def test_every_way_to_start_it_is_the_launcher(tmp_path: Path) -> None:
    (tmp_path / "browser.desktop").write_text(ORIGINAL)
    assert entry(str(tmp_path / "browser.desktop"), "/bin/web", "vpn") == LAUNCHED


@pytest.mark.parametrize("command", ["", "env A=b", '"unended'])
def test_a_command_that_cannot_be_read_is_named(tmp_path: Path, command: str) -> None:
    path = tmp_path / "browser.desktop"
    path.write_text(f"[Desktop Entry]\nExec={command}\n")
    with pytest.raises(BadInput, match=rf"^{path}:2: .*; define the entry with nsguard.apps.<name>.desktopEntry$"):
        entry(str(path), "/bin/web", "vpn")
