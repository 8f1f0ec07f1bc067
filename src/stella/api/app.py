"""Puts the application together: routes, refusals, the edge, the console."""

from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import PlainTextResponse, Response
from fastapi.routing import APIRoute
from starlette.routing import Route

from stella import __version__
from stella.api.console import Console
from stella.api.edge import Edge
from stella.api.errors import UnknownRoute
from stella.api.events import Streams
from stella.api.http_server import SILENT
from stella.api.problems import MEDIA_TYPE, add_handlers, problem_response
from stella.api.routes import (
    about,
    absences,
    advisories,
    agents,
    break_glass,
    components,
    deployments,
    doctor,
    documents,
    environments,
    evidence,
    facts,
    freezes,
    hub,
    ledger,
    lifecycles,
    machines,
    notifications,
    oncall,
    plugins,
    promotions,
    releases,
    repositories,
    runs,
    scans,
    session,
    simulations,
    sources,
    take_downs,
    tests,
    tokens,
    triggers,
    users,
    variables,
    vex,
    vulnerabilities,
    waivers,
    webhooks,
    workflows,
)
from stella.api.services import Services
from stella.api.views.base import Problem
from stella.kernel import Remedy

PREFIX = "/api/v1"
OPENAPI = f"{PREFIX}/openapi.json"
_READING = ["GET", "HEAD"]
PUBLIC = frozenset(
    {
        ("GET", f"{PREFIX}/version"),
        ("POST", f"{PREFIX}/login"),
        ("POST", f"{PREFIX}/token-exchange"),
        ("GET", f"{PREFIX}/session/ways"),
        ("GET", f"{PREFIX}/session/oidc/{{name}}/start"),
        ("GET", f"{PREFIX}/session/oidc/{{name}}/callback"),
        ("GET", f"{PREFIX}/ledger/checkpoint"),
        ("GET", f"{PREFIX}/ledger/tile/{{tile:path}}"),
        ("POST", f"{PREFIX}/hooks/registry"),
        ("POST", f"{PREFIX}{webhooks.PATH}"),
    }
)
"""The routes that need nobody logged in. A test holds that every other names its permission."""

_ROUTERS: tuple[APIRouter, ...] = (
    about.router,
    session.router,
    users.router,
    tokens.router,
    machines.router,
    facts.router,
    doctor.router,
    scans.router,
    tests.router,
    vex.router,
    vulnerabilities.router,
    components.router,
    advisories.router,
    releases.router,
    variables.router,
    sources.router,
    freezes.router,
    lifecycles.router,
    oncall.router,
    repositories.router,
    documents.router,
    environments.router,
    promotions.router,
    simulations.router,
    waivers.router,
    break_glass.router,
    absences.router,
    deployments.router,
    take_downs.router,
    agents.router,
    evidence.router,
    ledger.router,
    hub.router,
    notifications.router,
    plugins.router,
    webhooks.router,
    workflows.router,
    triggers.router,
    runs.router,
)


def create_app(services: Services) -> FastAPI:
    """The application over ``services``."""
    app = FastAPI(
        title="Stella Ops",
        version=__version__,
        openapi_url=None,  # it is one of the routes
        docs_url=None,
        redoc_url=None,
        routes=_api().routes,
        telemetry=SILENT,
    )
    # Before all others, and without what FastAPI does for a route's parameters: it is asked often.
    app.router.routes.insert(
        0, Route(f"{PREFIX}{webhooks.PATH}", webhooks.post_webhook, methods=["POST"])
    )
    app.state.services = services
    app.state.streams = Streams()
    add_handlers(app, _is_route)
    _add_health(app)
    _add_console(app, Console(services.console))
    app.add_middleware(Edge, services=services)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, as every server of this version has it."""
    return _api().openapi()


@cache
def _api() -> FastAPI:
    """The API without services: the same for every application, and a while in the making."""
    app = FastAPI(
        title="Stella Ops",
        version=__version__,
        openapi_url=OPENAPI,
        docs_url=None,  # their pages come from another host
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": Problem, "description": "A refusal"}},
    )
    for router in _ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's way to extend it
    return app


def api_routes() -> dict[tuple[str, str], APIRoute]:
    """Every route of the API itself, by method and path."""
    return {
        (method, f"{PREFIX}{route.path}"): route
        for router in _ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def _is_route(path: str) -> bool:
    rest = path.removeprefix(PREFIX)
    return path == OPENAPI or any(one.path_regex.match(rest) for one in api_routes().values())


def _add_health(app: FastAPI) -> None:
    @app.api_route("/healthz", methods=_READING, include_in_schema=False)
    def healthz() -> Response:
        """Whether the server answers; for load balancers."""
        return PlainTextResponse("ok\n")


def _add_console(app: FastAPI, console: Console) -> None:
    @app.api_route("/{path:path}", methods=_READING, include_in_schema=False)
    def console_file(request: Request, path: str) -> Response:
        """A file of the console, or its page."""
        if path == "api" or path.startswith("api/"):
            return problem_response(
                UnknownRoute(
                    f"there is no {request.method} /{path[:200]}",
                    remedy=Remedy(f"Every path stands in {OPENAPI}."),
                )
            )
        return console.answer(request, path)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document; refusals are problems everywhere, never the framework's own form."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, routes=app.routes, openapi_version="3.1.0"
        )
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                refusal = operation["responses"]["default"]
                refusal["content"] = {
                    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        document["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "st_..."},
            "session": {"type": "apiKey", "in": "cookie", "name": "stella_session"},
        }
        document["security"] = [{"token": []}, {"session": []}]
        app.openapi_schema = document
    return app.openapi_schema
