"""Pickles of plain data, which are read by what they say and never run."""

import pickletools

from data_tools.errors import UserError, join_message

_MARK = object()


def read_plain_pickle(data: bytes, where: str) -> object:
    """Follow a pickle's opcodes as far as they build plain data; none is ever executed.

    Raises:
        UserError: there is more in it than numbers, texts, lists and dictionaries.
        Exception: it is damaged; a foreign file may break a parser anyhow.
    """
    stack: list[object] = []
    memo: dict[object, object] = {}

    def popped() -> list[object]:
        start = len(stack) - 1 - stack[::-1].index(_MARK)
        items = stack[start + 1 :]
        del stack[start:]
        return items

    def fill(items: list[object]) -> None:
        target = stack[-1]
        if isinstance(target, dict):
            target.update(zip(items[::2], items[1::2], strict=True))
        elif isinstance(target, list):
            target.extend(items)
        else:
            raise ValueError("it is damaged")

    for opcode, value, _ in pickletools.genops(data):
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                stack.append(_MARK)
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "DICT":
                items = popped()
                stack.append(dict(zip(items[::2], items[1::2], strict=True)))
            case "LIST":
                stack.append(popped())
            case "SETITEM":
                items, stack[-2:] = stack[-2:], []
                fill(items)
            case "APPEND":
                fill([stack.pop()])
            case "SETITEMS" | "APPENDS":
                fill(popped())
            case "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1" | "LONG4":
                stack.append(value)
            case "UNICODE" | "BINUNICODE" | "SHORT_BINUNICODE" | "BINBYTES" | "SHORT_BINBYTES":
                stack.append(value)
            case "STRING" | "BINSTRING" | "SHORT_BINSTRING":  # Python 2's, bytes shown as Latin-1
                stack.append(str(value).encode("latin-1"))
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[value] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[value])
            case "STOP":
                return stack.pop()
            case name:
                problem = f"is a pickle with more in it than texts and numbers ({name})"
                remedy = "write it anew as JSON, which cannot run code"
                raise UserError(join_message(where, problem, remedy))
    raise ValueError("it is cut off")
