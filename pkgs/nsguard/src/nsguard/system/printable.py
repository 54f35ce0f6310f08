"""Escaping text from outside for a terminal: names of processes, output of programs, lines of the journal."""


def printable(text: str) -> str:
    """`text` in one line, in which everything that a terminal could act on is a visible escape: ESC becomes `\\x1b`.

    Control characters, line ends, marks that turn the direction of text, and bytes that were no UTF-8 are escaped
    (all that `str.isprintable` refuses); letters of any script stay.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
