"""The console's files, as the build left them: compressed beforehand, named by their content."""

import mimetypes
from pathlib import Path

from fastapi import Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from stella.api.errors import UnknownRoute
from stella.api.problems import problem_response
from stella.kernel import Remedy

_INDEX = "index.html"
_HASHED = "assets/"
_ABSENT = (
    "The console is not part of this build. The API is at /api/v1, the command line is `stella`.\n"
)


class Console:
    """Serves ``directory``; only what was there at the start, so that no path leads out of it."""

    def __init__(self, directory: Path | None) -> None:
        self._files: dict[str, Path] = {}
        if directory is not None:
            self._files = {
                path.relative_to(directory).as_posix(): path
                for path in directory.rglob("*")
                if path.is_file()
            }

    def answer(self, request: Request, path: str) -> Response:
        """The file at ``path``; the page itself for every path that is one of its own."""
        if _INDEX not in self._files:
            return PlainTextResponse(_ABSENT, 404)
        if path in self._files:
            return self._file(request, path)
        if path.startswith(_HASHED):
            return problem_response(
                UnknownRoute(
                    f"the console has no file {path[:200]}",
                    remedy=Remedy("Reload the page: the console was updated."),
                )
            )
        return self._file(request, _INDEX)

    def _file(self, request: Request, name: str) -> Response:
        is_hashed = name.startswith(_HASHED)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if is_hashed else "no-cache",
            "Vary": "Accept-Encoding",
        }
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        packed = self._files.get(f"{name}.gz")
        if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return FileResponse(packed, headers=headers, media_type=media_type)
        return FileResponse(self._files[name], headers=headers, media_type=media_type)
