"""The terminals of a namespace."""

from box import NAME, Box, spec

TERMINALS = "/run/nsguard/vpn/terminals"
# Opens as many terminals as possible, and prints how many it opened.
OPEN = """import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
opened = 0
try:
    while True:
        os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
        opened += 1
except OSError as error:
    print(opened, error.strerror)
"""


def test_its_terminals_are_few_and_for_those_who_may_run_commands(box: Box) -> None:
    def looks() -> str:
        return box.out("stat", "-c", "%a %G", TERMINALS) + box.out("stat", "-fc", "%T", f"{TERMINALS}/pts")

    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert looks() == "700 root\ndevpts\n"
    assert box.out("python3", "-c", OPEN, f"{TERMINALS}/pts/ptmx") == "512 No space left on device\n"
    number = box.out("stat", "-c", "%d", f"{TERMINALS}/pts")
    for group, mode in (("tty", "710 tty"), ("nobody-has-it", "700 root"), ("tty", "710 tty"), (None, "700 root")):
        box.write_spec(spec() | {"commandGroup": group})
        assert box.nsguard("netns", "up", NAME).returncode == 0
        assert looks() == f"{mode}\ndevpts\n"
    assert box.out("stat", "-c", "%d", f"{TERMINALS}/pts") == number
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.run("stat", TERMINALS).returncode != 0
