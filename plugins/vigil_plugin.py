"""The Vigil page inside the Airflow UI: disclosures with their evidence and deliveries, and the sources' health.

Read-only. Every endpoint demands Airflow's own sign-in and the permission to see plugins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "vigil_page"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
# Scraped text is on these pages: nothing may run, load or be framed elsewhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"

app = FastAPI(title="Vigil", docs_url=None, redoc_url=None, openapi_url=None,
              dependencies=[Depends(requires_access_view(AccessView.PLUGINS))])


@app.middleware("http")
async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@app.get("/")
def disclosures(
    region: Annotated[str | None, Query(max_length=6)] = None,
    novelty: Annotated[str | None, Query(max_length=20)] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """Newest disclosures first, fifty a page; `region` matches origin or place."""
    from processing.page import list_disclosures

    return _page("disclosures.html.j2", **list_disclosures(region or None, novelty or None, page))


@app.get("/disclosures/{disclosure_id}")
def disclosure(disclosure_id: str) -> HTMLResponse:
    """One disclosure: quote and archived copy, every version, outlet and delivery with its reason."""
    from processing.page import show_disclosure

    found = show_disclosure(disclosure_id)
    if found is None:
        raise HTTPException(404, "no such disclosure")
    return _page("disclosure.html.j2", **found)


@app.get("/sources")
def sources() -> HTMLResponse:
    """Every source with its verdict and why."""
    from processing.page import list_sources

    return _page("sources.html.j2", **list_sources())


def _page(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(PAGES.get_template(template).render(**values))


class VigilPlugin(AirflowPlugin):
    """Mounts the page at /vigil and puts it into the navigation."""

    name = "vigil"
    fastapi_apps = [{"app": app, "url_prefix": "/vigil", "name": "Vigil"}]  # noqa: RUF012  # Airflow's interface
    external_views = [  # noqa: RUF012  # Airflow's interface
        {
            "name": "Disclosures", "href": "/vigil/", "url_route": "disclosures", "destination": "nav",
            "nav_top_level": True,
        },
        {
            "name": "Sources", "href": "/vigil/sources", "url_route": "vigil-sources", "destination": "nav",
            "nav_top_level": True,
        },
    ]
