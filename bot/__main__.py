"""`python -m bot` and `tocsin`: runs the command line and turns errors into one sentence and an exit code."""

import errno
import gc
import io
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

FAILED = 1
WRONG_USAGE = 2
WRONG_CONFIGURATION = 78  # EX_CONFIG of sysexits.h
INTERRUPTED = 130


def main() -> None:
    """The command line. Exits 0 good, 1 the work failed, 2 wrong usage, 78 wrong configuration."""
    secrets: tuple[str, ...] = ()
    if sys.argv[1:2] == ["run"]:
        signal.signal(signal.SIGTERM, _not_begun)
    try:
        secrets = _secrets()
        code = _run(secrets)
    except BrokenPipeError:
        code = _unheard()
    except OSError as error:
        code = _full(error) if error.errno in (errno.ENOSPC, errno.EDQUOT) else _bug(secrets)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception:
        code = _bug(secrets)
    gc.freeze()  # or Python looks once more for cycles in all that we know, for a second or longer, before it ends
    sys.exit(code)


def _not_begun(_signal: int, _frame: FrameType | None) -> NoReturn:
    """A runner is told to stop before it holds anything: it ends well, and at once."""
    os._exit(0)


def _secrets() -> tuple[str, ...]:
    """What no line may show, whatever it looks like; taken now, because the environment forgets it."""
    from bot.settings.environment import secrets_around

    return secrets_around(word.partition("=")[2] if word.startswith("-") else word for word in sys.argv[1:])


def _run(secrets: tuple[str, ...]) -> int:
    # Here, because an interrupt while libraries load has to end quietly too, and because every worker process imports
    # this file anew and needs nothing of the command line.
    from bot.cli import UsageError, command_line, in_one_sentence
    from bot.errors import ConfigurationError, TocsinError, TokenRefusedError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to stop
    try:
        code = command_line(sys.argv[1:])(prog_name="tocsin", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except UsageError as error:
        return _say(in_one_sentence(error), WRONG_USAGE, secrets)
    except (ConfigurationError, TokenRefusedError) as error:
        return _say(str(error), WRONG_CONFIGURATION, secrets)
    except TocsinError as error:
        return _say(str(error), FAILED, secrets)


def _say(sentence: str, code: int, secrets: tuple[str, ...] = ()) -> int:
    from bot.logs import redact

    if sentence and sys.stderr is not None:
        sys.stderr.write(f"{redact(sentence, secrets)}\n")
    return code


def _unheard() -> int:
    """The reader of our output has gone (`tocsin … | head`): what is still in the buffer goes nowhere."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _full(error: OSError) -> int:
    _unheard()
    return _say(f"The disk is full ({error.strerror}): make room, then do it again.", FAILED)


def _bug(secrets: tuple[str, ...]) -> int:
    """The traceback without secrets, which Python's own would print."""
    import traceback

    _say(traceback.format_exc().rstrip(), FAILED, secrets)
    return _say("This is a fault of Tocsin itself: please report it with the lines above.", FAILED)


if __name__ == "__main__":
    main()
