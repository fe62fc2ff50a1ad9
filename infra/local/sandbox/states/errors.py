"""What can go wrong: in a task, in a state, in a query, in a call of the API."""

# TaskFailed        raised by a task resource: what the task's own error is
# StateError        a state cannot go on; Retry and Catch decide what follows
# QueryError        a JSONata expression has no usable value (becomes States.QueryEvaluationError)
# ApiError          a call of the API is refused, with AWS's error code
# StepCrashedError  the interpreter itself is broken

from __future__ import annotations

# Error names of the Amazon States Language, https://states-language.net/spec.html#appendix-a
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
ALL = "States.ALL"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
QUERY = "States.QueryEvaluationError"
NO_CHOICE = "States.NoChoiceMatched"
TOLERANCE = "States.ExceedToleratedFailureThreshold"


class TaskFailed(Exception):  # noqa: N818  # AWS's own word, States.TaskFailed
    """A task resource says that its work failed, under `error` and with the words of `cause`."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class StateError(Exception):
    """A state failed under `error`; `also` are further names by which Retry and Catch may know it."""

    def __init__(
        self,
        error: str | None,
        cause: str | None = None,
        *,
        also: tuple[str, ...] = (),
        query: QueryError | None = None,
    ) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.also = also
        self.query = query


class QueryError(Exception):
    """The value of a field cannot be computed; `location` is the field's path inside its state."""

    def __init__(self, detail: str, location: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.location = location


class StepCrashedError(Exception):
    """The interpreter itself failed at an execution; nothing of the step was kept."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The interpreter failed at {arn}")
        self.arn = arn


class ApiError(Exception):
    """A call is refused; `code` is AWS's error code, such as `ExecutionDoesNotExist`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
