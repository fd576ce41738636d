"""`python -m bot` and `tocsin`: runs the command line and turns errors into one sentence and an exit code."""

import sys

from bot.errors import ConfigurationError, TocsinError, TokenRefusedError
from bot.logs import redact

WRONG_CONFIGURATION = 78  # EX_CONFIG of sysexits.h
FAILED = 1
INTERRUPTED = 130


def main() -> None:
    """The command line. Exits 0 good, 1 the work failed, 2 wrong usage, 78 wrong configuration."""
    # Here, because every worker process imports this file anew and needs nothing of the command line.
    from bot.cli import command_line

    try:
        command_line()()
    except (ConfigurationError, TokenRefusedError) as error:
        _say(error)
        sys.exit(WRONG_CONFIGURATION)
    except TocsinError as error:
        _say(error)
        sys.exit(FAILED)
    except BrokenPipeError:
        # The reader of our output has gone (`tocsin … | head`): nobody is left to tell.
        sys.stderr.close()
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _say(error: TocsinError) -> None:
    sys.stderr.write(f"{redact(str(error))}\n")


if __name__ == "__main__":
    main()
