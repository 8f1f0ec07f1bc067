"""What this server is."""

from fastapi import APIRouter, Request, Response

from stella import __version__
from stella.api.asked import Viewer
from stella.api.services import Services
from stella.api.views.about import VersionView

router = APIRouter(tags=["about"])


@router.get("/version")
def get_version(request: Request) -> VersionView:
    """The server's name and version, and whether its targets are simulated. Public."""
    services: Services = request.app.state.services
    return VersionView(name="stella", version=__version__, simulated=services.simulated)


@router.get(
    "/trust/root", response_class=Response, responses={200: {"content": {"application/json": {}}}}
)
def get_trust_root(asked: Viewer) -> Response:
    """The public keys that this server's evidence is verified with."""
    return Response(asked.services.trust_root.to_json(), media_type="application/json")


@router.get(
    "/trust/sigstore-root",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def get_sigstore_root(asked: Viewer) -> Response:
    """The `trusted_root.json` by which stock cosign and sigstore verify what this server signs."""
    return Response(asked.services.attestor.root(), media_type="application/json")
