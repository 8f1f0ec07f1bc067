"""Words as one command line of Windows, read back by ``CommandLineToArgvW`` and the C runtime."""

from collections.abc import Iterable

_PLAIN_NOT = frozenset(' \t\n\v"')


def command_line(words: Iterable[str]) -> str:
    """The words, quoted so that each is read back as it was. Raises ValueError for a NUL.

    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
    """
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if "\0" in word:
        raise ValueError("embedded null byte")
    if word and not _PLAIN_NOT & frozenset(word):
        return word
    made, backslashes = ['"'], 0
    for one in word:
        if one == "\\":
            backslashes += 1
            continue
        # Before a quote each backslash counts twice, and one more makes the quote a letter.
        made.append("\\" * (2 * backslashes + 1 if one == '"' else backslashes) + one)
        backslashes = 0
    made.append("\\" * (2 * backslashes) + '"')
    return "".join(made)
