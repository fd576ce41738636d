"""Discord's error answers: status, code and message as named data, and the tree of an "Invalid Form Body".

Codes and messages: API docs, "Opcodes and Status Codes" (JSON error codes) and "Error Messages".
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

JSON = dict[str, Any]
Path = tuple[str | int, ...]


class Problem(NamedTuple):
    status: int
    code: int
    message: str


UNAUTHORIZED = Problem(401, 0, "401: Unauthorized")
NOT_FOUND = Problem(404, 0, "404: Not Found")
METHOD_NOT_ALLOWED = Problem(405, 0, "405: Method Not Allowed")
INTERNAL = Problem(500, 0, "500: Internal Server Error")

UNKNOWN_APPLICATION = Problem(404, 10002, "Unknown Application")
UNKNOWN_CHANNEL = Problem(404, 10003, "Unknown Channel")
UNKNOWN_GUILD = Problem(404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = Problem(404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = Problem(404, 10008, "Unknown Message")
UNKNOWN_USER = Problem(404, 10013, "Unknown User")
UNKNOWN_WEBHOOK = Problem(404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = Problem(404, 10062, "Unknown interaction")
UNKNOWN_COMMAND = Problem(404, 10063, "Unknown application command")
TOO_MANY_COMMANDS = Problem(400, 30032, "Maximum number of application commands reached (100)")
TOO_MANY_DAILY_COMMANDS = Problem(400, 30034, "Max number of daily application command creates has been reached (200)")
ALREADY_CROSSPOSTED = Problem(400, 40033, "This message has already been crossposted")
ALREADY_ACKNOWLEDGED = Problem(400, 40060, "Interaction has already been acknowledged.")
TAG_REQUIRED = Problem(400, 40067, "A tag is required to create a forum post in this channel")
FILE_TOO_LARGE = Problem(413, 40005, "Request entity too large")
MISSING_ACCESS = Problem(403, 50001, "Missing Access")
NOT_THE_AUTHOR = Problem(403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = Problem(400, 50006, "Cannot send an empty message")
NOT_A_TEXT_CHANNEL = Problem(400, 50008, "Cannot send messages in a non-text channel")
MISSING_PERMISSIONS = Problem(403, 50013, "Missing Permissions")
BULK_DELETE_COUNT = Problem(400, 50016, "You can only bulk delete between 2 and 100 messages")
BULK_DELETE_AGE = Problem(400, 50034, "You can only bulk delete messages that are under 14 days old.")
SYSTEM_MESSAGE = Problem(400, 50021, "Cannot execute action on a system message")
WRONG_CHANNEL_TYPE = Problem(400, 50024, "Cannot execute action on this channel type")
INVALID_WEBHOOK_TOKEN = Problem(401, 50027, "Invalid Webhook Token")
INVALID_FORM = Problem(400, 50035, "Invalid Form Body")
THREAD_ARCHIVED = Problem(400, 50083, "Thread is archived")
BAD_JSON = Problem(400, 50109, "The request body contains invalid JSON.")
REPLY_NEEDS_HISTORY = Problem(403, 160002, "Cannot reply without permission to read message history")
THREAD_EXISTS = Problem(400, 160004, "A thread has already been created for this message")
THREAD_LOCKED = Problem(400, 160005, "Thread is locked")
TOO_MANY_THREADS = Problem(400, 160006, "Maximum number of active threads reached")


class ApiError(Exception):
    """An answer that is an error; raised anywhere below a route, written by `rest`."""

    def __init__(self, problem: Problem, errors: JSON | None = None) -> None:
        super().__init__(f"{problem.status} ({problem.code}): {problem.message} {errors or ''}".strip())
        self.problem = problem
        self.errors = errors

    def body(self) -> JSON:
        body: JSON = {"message": self.problem.message, "code": self.problem.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class Form:
    """Collects what is wrong with one request body and raises it all at once as code 50035."""

    def __init__(self) -> None:
        self.found: list[tuple[Path, str, str]] = []

    def add(self, path: Sequence[str | int], code: str, message: str) -> None:
        self.found.append((tuple(path), code, message))

    def check(self) -> None:
        """Raise `ApiError` when anything was added."""
        if self.found:
            raise ApiError(INVALID_FORM, error_tree(self.found))

    def too_long(self, path: Sequence[str | int], limit: int) -> None:
        self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def bad_length(self, path: Sequence[str | int], least: int, most: int) -> None:
        self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")

    def required(self, path: Sequence[str | int]) -> None:
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def choices(self, path: Sequence[str | int], allowed: Sequence[object]) -> None:
        shown = ", ".join(str(value) for value in allowed)
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of ({shown}).")


def error_tree(found: Sequence[tuple[Path, str, str]]) -> JSON:
    """`errors` of the answer: nested by key, list indexes as text, the errors in `_errors`."""
    tree: JSON = {}
    for path, code, message in found:
        node = tree
        for key in path:
            node = node.setdefault(str(key), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})
    return tree


def invalid(path: Sequence[str | int], code: str, message: str) -> ApiError:
    """An "Invalid Form Body" with one error in it."""
    return ApiError(INVALID_FORM, error_tree([(tuple(path), code, message)]))
