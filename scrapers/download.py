"""Scrapy's way to the network: aiohttp, with the wire's own bytes and headers kept, and every address checked.

Half the CPU of the Twisted handler. The limits hold for the whole of an answer: a server that sends a byte a second
is cut off by the same DOWNLOAD_TIMEOUT as one that never answers.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from scrapers.guards import AddressRefusedError, allowed_hosts, is_global

HEAD = 64 << 10  # bytes of one header of an answer
BUFFER = 256 << 10  # bytes read ahead
_OWN = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # not to be made up by aiohttp


class GuardResolver(AbstractResolver):
    """Resolves names, and refuses those that lead to a non-global address.

    What it returns is what is connected to, so a name that changes its mind between check and connection gains
    nothing. One bad address among good ones refuses the name.
    """

    def __init__(self, exempt: frozenset[str]) -> None:
        self.exempt = exempt

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of `host`. Raises OSError if there are none, AddressRefusedError if one must not be touched."""
        found = await self.look_up(host, port, family)
        for address in found:
            check_address(address["host"], host, self.exempt)
        return found

    async def look_up(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        """What the system says."""
        infos = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
        )
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in infos
        ]

    async def close(self) -> None:
        """Nothing is held."""


def check_address(address: str, name: str, exempt: frozenset[str]) -> None:
    """Raises AddressRefusedError if a name that is not exempt leads to a non-global address."""
    if name.lower() not in exempt and not is_global(ipaddress.ip_address(address.split("%", 1)[0])):
        raise AddressRefusedError(f"address {address} is not global")


class _Answer(aiohttp.ClientResponse):
    """Remembers whom it came from: once a short answer is in, its connection is no longer known."""

    peer = ""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Note the address before the head is read."""
        name = connection.transport.get_extra_info("peername") if connection.transport else None
        self.peer = str(name[0]).split("%", 1)[0] if name else ""
        return await super().start(connection)


class DownloadHandler(BaseDownloadHandler):
    """Fetches over http and https. Bodies stay compressed; `request.meta["wire"]` keeps the head."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self.maxsize = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self.timeout = aiohttp.ClientTimeout(total=crawler.settings.getfloat("DOWNLOAD_TIMEOUT"))
        self.exempt = frozenset(host for host, _ in allowed_hosts())
        self._session: aiohttp.ClientSession | None = None
        self._renderer: Any = None
        if crawler.settings.getbool("VIGIL_RENDER"):
            from scrapers.render import Renderer  # an optional extra

            self._renderer = Renderer(crawler, self._fetch, self.maxsize)

    @property
    def session(self) -> aiohttp.ClientSession:
        """Made with the first request, inside the loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0, resolver=GuardResolver(self.exempt), use_dns_cache=True, ttl_dns_cache=300
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                response_class=_Answer,
                skip_auto_headers=_OWN,
                timeout=self.timeout,
                read_bufsize=BUFFER,
                max_line_size=HEAD,
                max_field_size=HEAD,
            )
        return self._session

    async def download_request(self, request: Any) -> Response:
        """The answer, whole or flagged `dataloss`. Raises Scrapy's exceptions of the download, AddressRefusedError."""
        try:
            if self._renderer is not None and request.meta.get("render"):
                return await asyncio.wait_for(self._renderer.render(request), self.timeout.total)
            return await self._fetch(request)
        except TimeoutError as error:
            raise DownloadTimeoutError(f"longer than {self.timeout.total} s") from error
        except aiohttp.ClientConnectorDNSError as error:
            raise CannotResolveHostError(str(error)) from error
        except aiohttp.ClientConnectorError as error:
            raise DownloadConnectionRefusedError(str(error)) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise DownloadFailedError(str(error)) from error

    async def _fetch(self, request: Any) -> Response:
        url = yarl.URL(request.url, encoded=True)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in dict.items(request.headers)
            for value in values
        ]
        async with self.session.request(
            request.method, url, data=request.body or None, headers=headers, allow_redirects=False
        ) as answer:
            peer = getattr(answer, "peer", "")
            if peer:  # checked once more: whatever led here, no byte of it is kept
                check_address(peer, urlsplit(request.url).hostname or "", self.exempt)
            request.meta["wire"] = (answer.reason or "", answer.raw_headers)
            flags = ["dataloss"] if not await self._read(answer, body := bytearray()) else []
            found = Headers()
            for name, value in answer.raw_headers:
                found.appendlist(name, value)
            whole, page = bytes(body), request.meta.get("wire_bytes")
            kind = Response if page else responsetypes.from_args(found, request.url, body=whole)
            address = ipaddress.ip_address(peer) if peer else None
            return kind(request.url, answer.status, found, whole, flags=flags, ip_address=address)

    async def _read(self, answer: aiohttp.ClientResponse, body: bytearray) -> bool:
        """Fill `body`; False if the connection was lost before its end. Raises DownloadCancelledError if too large."""
        if (answer.content_length or 0) > self.maxsize:
            raise DownloadCancelledError(f"{answer.content_length} bytes, limit {self.maxsize}")
        try:
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > self.maxsize:
                    raise DownloadCancelledError(f"more than {self.maxsize} bytes")
        except aiohttp.ClientPayloadError:
            return False
        return True

    async def close(self) -> None:
        """Close all connections, and the browser."""
        if self._renderer is not None:
            await self._renderer.close()
        if self._session is not None:
            await self._session.close()
