"""One process that detects, or only cleans: `python -m benchmarks.reading detect|clean DOCUMENTS SHARE`.

Cleaning puts the document into a page of real size first.

Documents of about 2.5 KB in three languages: SHARE of them carry two of the project's own labelled disclosures, the
rest is ordinary news words. Prints documents, CPU seconds, a digest of what came out, and the start-up.
"""

from __future__ import annotations

import hashlib
import html
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.site import page

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "eval"
SIZE = 2_500  # bytes
LANGUAGES = ("en", "ru", "uk")
WARM = 150  # documents before the clock starts


def documents(count: int, share: float) -> Iterator[tuple[str, str]]:
    """(language, text), the same ones every time."""
    dice = random.Random(7)  # noqa: S311 no secret
    told = {}
    for lang in LANGUAGES:
        rows = map(json.loads, (CORPUS / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines())
        told[lang] = [row["text"] for row in rows if row["is_disclosure"]]
    for number in range(count):
        lang = LANGUAGES[number % 3]
        parts = dice.choices(told[lang], k=2) if dice.random() < share else []
        while sum(len(part.encode()) for part in parts) < SIZE:
            parts.append(_plain(dice, lang))
        dice.shuffle(parts)
        yield lang, "\n".join(parts)


def _plain(dice: random.Random, lang: str) -> str:
    """A paragraph of ordinary news words."""
    return " ".join(dice.choices(_WORDS[lang].split(), k=60)).capitalize() + "."


_WORDS = {
    "en": (
        "council budget school winter market road bridge festival company minister plan season river train ticket "
        "museum harvest price bank weather team player coach library hospital repair water energy parents teacher "
        "the a of in on with for new first last city region year week money project open vote street house"
    ),
    "ru": (
        "совет бюджет школа зима рынок дорога мост праздник компания министр план сезон река поезд билет музей урожай "
        "цена банк погода команда игрок тренер библиотека больница ремонт вода энергия родители учитель в на и с для "
        "новый первый последний город область год неделя деньги проект открыть улица дом"
    ),
    "uk": (
        "рада бюджет школа зима ринок дорога міст свято компанія міністр план сезон річка потяг квиток музей врожай "
        "ціна банк погода команда гравець тренер бібліотека лікарня ремонт вода енергія батьки вчитель у на і з для "
        "новий перший останній місто область рік тиждень гроші проєкт відкрити вулиця будинок"
    ),
}


def _detector() -> Callable[[str, str], object]:
    from processing.detect import detect
    from processing.models import DetectInput

    return lambda lang, text: detect(DetectInput(id="x", text=text, lang=lang)).model_dump_json()


def _cleaner() -> Callable[[str, str], object]:
    import trafilatura

    frames = [page(number, 270_000).decode() for number in range(12)]

    def clean(lang: str, text: str) -> object:
        story = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n"))
        frame = frames[len(text) % len(frames)].replace("lang=en", f"lang={lang}", 1)
        return trafilatura.extract(frame.replace("</h1>", "</h1>" + story, 1), fast=True)

    return clean


def main(what: str, count: int, share: float) -> None:
    """Prints one line of JSON."""
    start = time.perf_counter()
    work = _detector() if what == "detect" else _cleaner()
    pages = list(documents(count, share))
    ready = time.perf_counter()
    work(*pages[0])
    first = time.perf_counter() - start
    warm = time.process_time()
    for lang, text in documents(WARM, 1.0):  # lists are loaded and expressions compiled once a process, when first met
        work(lang, text)
    warm = time.process_time() - warm
    digest = hashlib.sha256()
    begun = time.process_time()
    for lang, text in pages:
        digest.update(str(work(lang, text)).encode())
    used = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(  # noqa: T201 for whoever started it
        json.dumps(
            {
                "documents": count, "cpu": used, "first": first, "ready": ready - start, "peak": peak, "warm": warm,
                "digest": digest.hexdigest(),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
