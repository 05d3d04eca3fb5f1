"""`/tasks` and `/workflow_runs`, which are alike: make, list, look at, change the status."""

from __future__ import annotations

from typing import Any

import attrs
from quart import Blueprint
from quart_schema import (
    document_response,
    operation_id,
    tag_blueprint,
    validate_querystring,
    validate_request,
    validate_response,
)

from pilothouse.protocol.verdict import FINAL_RUNNABLE_STATUSES
from pilothouse_app.ids import TASK, WORKFLOW_RUN, new_id
from pilothouse_app.routes.browser_sessions import find_unfinished_session
from pilothouse_app.routes.errors import BASE_PATH, ApiError, ErrorAnswer, not_found
from pilothouse_app.routes.models import (
    NewRunnable,
    TaskPatch,
    TaskQuery,
    TaskView,
    WorkflowRunPatch,
    WorkflowRunQuery,
    WorkflowRunView,
)
from pilothouse_app.routes.paging import cut_page, decode_cursor
from pilothouse_app.routes.requests import credential, protected_blueprint, services
from pilothouse_app.store import StoreConflict
from pilothouse_app.store.entities import Runnable, RunnableKind, Task, WorkflowRun


@attrs.frozen
class _Kind:
    """What differs between the two.

    Attributes:
        path: under the base path.
        key: the field of the id.
        prefix: of the id.
    """

    path: str
    key: str
    prefix: str
    entity: type[Any]
    view: type[Any]
    patch: type[Any]
    query: type[Any]


_KINDS: dict[RunnableKind, _Kind] = {
    "task": _Kind("/tasks", "task_id", TASK, Task, TaskView, TaskPatch, TaskQuery),
    "workflow_run": _Kind(
        "/workflow_runs",
        "workflow_run_id",
        WORKFLOW_RUN,
        WorkflowRun,
        WorkflowRunView,
        WorkflowRunPatch,
        WorkflowRunQuery,
    ),
}


def runnables(name: RunnableKind) -> Blueprint:
    """The routes of one of the two."""
    blueprint = protected_blueprint(f"{name}s")
    tag_blueprint(blueprint, [f"{name.replace('_', ' ')}s"])
    _add_writing_routes(blueprint, name, _KINDS[name])
    _add_reading_routes(blueprint, name, _KINDS[name])
    return blueprint


async def _find(name: RunnableKind, entity_id: str) -> Runnable:
    runnable = await services().store.runnables.get(name, entity_id, credential().organization_id)
    if runnable is None:
        raise not_found(name)
    return runnable


def _add_writing_routes(blueprint: Blueprint, name: RunnableKind, kind: _Kind) -> None:
    @blueprint.post(kind.path)
    @operation_id(f"create_{name}")
    @validate_request(NewRunnable)
    @validate_response(kind.view, 201)
    @document_response(ErrorAnswer, 404)
    @document_response(ErrorAnswer, 409)
    async def create(data: NewRunnable) -> tuple[Any, int, dict[str, str]]:
        """Make one, for a browser session or for none."""
        if data.browser_session_id is not None:
            await find_unfinished_session(data.browser_session_id)
        entity_id = new_id(kind.prefix)
        runnable = kind.entity(
            **{kind.key: entity_id},
            organization_id=credential().organization_id,
            browser_session_id=data.browser_session_id,
        )
        try:
            await services().store.runnables.add(runnable)
        except StoreConflict as error:  # the session was deleted just now
            raise not_found("browser_session") from error
        return kind.view.of(runnable), 201, {"Location": f"{BASE_PATH}{kind.path}/{entity_id}"}

    @blueprint.patch(f"{kind.path}/<entity_id>")
    @operation_id(f"change_{name}")
    @validate_request(kind.patch)
    @validate_response(kind.view)
    @document_response(ErrorAnswer, 404)
    @document_response(ErrorAnswer, 409)
    async def patch(entity_id: str, data: Any) -> Any:
        """Change the status; a final one stays, and closes what was opened for it."""
        await _find(name, entity_id)
        changed = await services().store.runnables.set_status(name, entity_id, data.status)
        if changed and data.status in FINAL_RUNNABLE_STATUSES:
            # Before anything else: verification has heard of it too, and has another close code for it.
            await services().sessions.end_runnable(name, entity_id, data.status)
        runnable = await _find(name, entity_id)
        if not changed and runnable.status != data.status:
            raise ApiError(409, "already_final", f"This is over ({runnable.status}).", {"status": runnable.status})
        return kind.view.of(runnable)


def _add_reading_routes(blueprint: Blueprint, name: RunnableKind, kind: _Kind) -> None:
    @blueprint.get(kind.path)
    @operation_id(f"list_{name}s")
    @validate_querystring(kind.query)
    @document_response(list[kind.view])  # type: ignore[name-defined]
    async def list_newest_first(query_args: Any) -> tuple[list[Any], int, dict[str, str]]:
        """List them, newest first; the header `Link` with `rel="next"` leads on."""
        found = await services().store.runnables.page(
            name,
            credential().organization_id,
            status=query_args.status,
            limit=query_args.limit + 1,
            behind=decode_cursor(query_args.cursor),
        )
        page, headers = cut_page(found, query_args.limit, kind.key)
        return [kind.view.of(runnable) for runnable in page], 200, headers

    @blueprint.get(f"{kind.path}/<entity_id>")
    @operation_id(f"one_{name}")
    @validate_response(kind.view)
    @document_response(ErrorAnswer, 404)
    async def get(entity_id: str) -> Any:
        """Look at one."""
        return kind.view.of(await _find(name, entity_id))
