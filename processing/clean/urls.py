"""The URL that identifies an article: without trackers, AMP and mobile hosts, never merging two articles."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from courlan import normalize_url

_VARIANT_HOST = re.compile(r"^(?:www\d?|m|mobile|amp|wap|pda|touch)\.", re.IGNORECASE)
_WWW = re.compile(r"^www\d?\.(?=[^.]+\.)", re.IGNORECASE)
_ALWAYS = re.compile(
    r"^(?:utm_|itm_|mtm_|[a-z]{1,5}clid$|igsh|msclkid$|mc_[ce]id$|_ga|at_(?:medium|campaign))"
)
_AMP_PARTS = frozenset({"amp", "amp.html", "amphtml", "amp-story", "m", "mobile"})
_AMP_PARAMS = frozenset({"amp", "outputtype", "mobile", "m", "view", "output", "device", "theme"})
_EXTENSION = re.compile(r"\.(?:s?html?|php|aspx?|amp)$", re.IGNORECASE)


def without_trackers(url: str) -> str:
    """The URL normalised by courlan, without fragment and tracking parameters.

    courlan takes every parameter whose name looks like a tracker's (`cid`, `pk_no`, `uid`); here one with a
    number as its value stays, because on old sites it is the article's id. So does a bare `?12345`.
    """
    parts = urlsplit("".join(url.split()))
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    kept = sorted(pair for pair in parts.query.split("&") if pair and not _is_tracker(pair))
    return str(normalize_url(bare)) + ("?" + "&".join(kept) if kept else "")


def canonical(url: str, link: str | None) -> str:
    """The identity of the page at `url` whose <link rel=canonical> is `link`.

    The link is believed when it stays on the site and names the same article: equal but for variant markers,
    or sharing the slug or the number. Links to the front page, a section, or page one of several are not.
    """
    own = without_trackers(url)
    if not link:
        return own
    try:
        target = without_trackers(urljoin(url, link.strip()))
        if own.startswith("https://"):
            target = re.sub("^http:", "https:", target)  # templates forget
        good = urlsplit(target).scheme in ("http", "https") and _same_article(own, target)
    except ValueError:
        return own
    return target if good else own


def identity(canonical_url: str) -> str:
    """What makes two canonical URLs the same document: neither the scheme nor `www.` does, as sites change both.

    Mobile and AMP hosts stay: their pages name the canonical one, and where they do not they may differ.
    """
    parts = urlsplit(canonical_url)
    return urlunsplit(("https", _WWW.sub("", parts.netloc), parts.path, parts.query, ""))


def site_of(url: str) -> str:
    """Host without `www.`, `m.`, `amp.` and the like."""
    host = (urlsplit(url).hostname or "").lower()
    return _VARIANT_HOST.sub("", host) if host.count(".") > 1 else host


def _is_tracker(pair: str) -> bool:
    name, _, value = pair.partition("=")
    if _ALWAYS.match(name.lower()):
        return True
    if not value or value.isdigit():
        return False
    return "?" not in str(normalize_url(f"https://site.invalid/?{name}=x"))


def _same_article(own: str, target: str) -> bool:
    if site_of(own) != site_of(target):
        return False
    mine, theirs = _segments(own), _segments(target)
    if not _params_agree(own, target):
        return False
    if mine == theirs:
        return True
    if not mine or not theirs:
        return False
    return mine[-1] == theirs[-1] or bool(_numbers(mine) & _numbers(theirs[-1:]))


def _segments(url: str) -> list[str]:
    """Path segments in lower case without AMP markers and file extensions."""
    parts = [unquote(part).lower() for part in urlsplit(url).path.split("/") if part]
    return [_EXTENSION.sub("", part) for part in parts if part not in _AMP_PARTS]


def _numbers(segments: list[str]) -> set[str]:
    """Article numbers: five digits or more, not a date such as 20240501."""
    found = re.findall(r"\d{5,}", "/".join(segments))
    return {number for number in found if not re.fullmatch(r"(?:19|20)\d{6}", number)}


def _params_agree(own: str, target: str) -> bool:
    """None of our parameters but AMP and mobile markers is missing from the target, or its path has it."""
    theirs = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    mine = dict(parse_qsl(urlsplit(own).query, keep_blank_values=True))
    left = {k: v for k, v in mine.items() if k.lower() not in _AMP_PARAMS and theirs.get(k) != v}
    if any(k not in mine for k in theirs):
        return False
    words = set(re.findall(r"\w+", urlsplit(target).path))
    return all(len(value) >= 4 and value in words for value in left.values())
