"""Where the crawler may go: http and https to global addresses only, on every hop, robots.txt included.

The resolver (scrapers/download.py) refuses the address that would be connected to; the middleware refuses literal
addresses, which no resolver sees. The only exemption is the environment's VIGIL_ALLOW_HOSTS, exact `host:port` pairs.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest

from scrapers.warc import MAX_URI

PORTS = {"http": 80, "https": 443}


class AddressRefusedError(IgnoreRequest):
    """The request would go to an address or scheme that the crawler must not touch."""


class ForeignHostError(IgnoreRequest):
    """The request would leave the hosts that are the source's own."""


def allowed_hosts(environ: Mapping[str, str] = os.environ) -> frozenset[tuple[str, int]]:
    """The pairs of VIGIL_ALLOW_HOSTS. Raises ValueError for anything but `host:port`."""
    pairs = set()
    for item in filter(None, (part.strip() for part in environ.get("VIGIL_ALLOW_HOSTS", "").split(","))):
        host, _, port = item.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"VIGIL_ALLOW_HOSTS: {item!r} is not host:port")
        pairs.add((host.strip("[]").lower(), int(port)))
    return frozenset(pairs)


def literal_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address a host part spells out, in any of the forms that a connecting library understands."""
    bare = host.strip("[]").split("%", 1)[0].rstrip(".")
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare))  # 127.1, 0x7f.1, 2130706433, 017700000001
    except (OSError, UnicodeEncodeError, ValueError):
        return None


_UNICAST = ipaddress.ip_network("2000::/3")  # all that is given out of IPv6; what is outside is local or odd
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")  # some of it is global to Python


def is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether the address, or the IPv4 address wrapped in it, is on the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in _PROTOCOLS
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if address in _NAT64:
        return is_global(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if inner is not None:
        return is_global(inner) and address in _UNICAST and address.is_global
    return address in _UNICAST and address.is_global


def refusal(url: str, allowed: frozenset[tuple[str, int]]) -> str | None:
    """Why `url` must not be asked for; None if it may, as far as can be told before resolving its name."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "malformed URL"
    if len(url) > MAX_URI:
        return f"URL of {len(url)} characters"
    if parts.scheme not in PORTS:
        return f"scheme {parts.scheme[:20]!r}"
    if not host:
        return "no host"
    if (host, port or PORTS[parts.scheme]) in allowed:
        return None
    address = literal_address(host)
    if address is not None and not is_global(address):
        return f"address {address} is not global"
    if any(host == name for name, _ in allowed):
        return f"port {port or PORTS[parts.scheme]} of an exempt host"
    return None


class GuardMiddleware:
    """Refuses requests by scheme, literal address and host. First in line, also for redirects."""

    def __init__(self) -> None:
        self.allowed = allowed_hosts()

    def process_request(self, request: Any) -> None:
        """Raises AddressRefusedError, ForeignHostError."""
        request.meta.pop("download_slot", None)  # a redirect must not keep the former host's slot
        if "hop" in request.meta:
            request.meta["hop"]["url"] = request.url
        reason = refusal(request.url, self.allowed)
        if reason:
            raise AddressRefusedError(reason)
        source = request.meta.get("vigil_source")  # absent for robots.txt
        if source is not None and not source.owns(request.url):
            raise ForeignHostError(
                f"leads to {urlsplit(request.url).netloc[:200]}, which is not among the source's `hosts`"
            )
