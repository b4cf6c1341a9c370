"""One process that detects, or only cleans: `python -m benchmarks.reading detect|clean DOCUMENTS SHARE`.

Documents of about 2.5 KB in three languages, made of the project's own labelled texts: SHARE of them carry a disclosure,
the rest texts that disclose nothing. Prints documents, CPU seconds, a digest of what came out, and the start-up.
"""

from __future__ import annotations

import hashlib
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "eval"
SIZE = 2_500  # bytes


def documents(count: int, share: float) -> Iterator[tuple[str, str]]:
    """(language, text), the same ones every time."""
    dice = random.Random(7)  # noqa: S311 no secret
    rows = [json.loads(line) for lang in ("en", "ru", "uk") for line in (CORPUS / f"{lang}.jsonl").open(encoding="utf-8")]
    told = {lang: [r["text"] for r in rows if r["lang"] == lang and r["is_disclosure"]] for lang in ("en", "ru", "uk")}
    quiet = {lang: [r["text"] for r in rows if r["lang"] == lang and not r["labels"]] for lang in ("en", "ru", "uk")}
    for number in range(count):
        lang = ("en", "ru", "uk")[number % 3]
        parts = [dice.choice(told[lang])] if dice.random() < share else []
        while sum(len(part.encode()) for part in parts) < SIZE:
            parts.append(_plain(dice, lang) if share < 1 else dice.choice(quiet[lang] + told[lang]))
        dice.shuffle(parts)
        yield lang, "\n".join(parts)


def _plain(dice: random.Random, lang: str) -> str:
    """A paragraph of ordinary news words."""
    return " ".join(dice.choices(_WORDS[lang], k=60)).capitalize() + "."


_WORDS = {
    "en": (
        "council budget school winter market road bridge festival company minister plan season river train ticket "
        "museum harvest price bank weather team player coach library hospital repair water energy parents teacher "
        "the a of in on with for new first last city region year week money project open vote street house"
    ).split(),
    "ru": (
        "совет бюджет школа зима рынок дорога мост праздник компания министр план сезон река поезд билет музей урожай "
        "цена банк погода команда игрок тренер библиотека больница ремонт вода энергия родители учитель в на и с для "
        "новый первый последний город область год неделя деньги проект открыть улица дом"
    ).split(),
    "uk": (
        "рада бюджет школа зима ринок дорога міст свято компанія міністр план сезон річка потяг квиток музей врожай "
        "ціна банк погода команда гравець тренер бібліотека лікарня ремонт вода енергія батьки вчитель у на і з для "
        "новий перший останній місто область рік тиждень гроші проєкт відкрити вулиця будинок"
    ).split(),
}


def _detector() -> Callable[[str, str], object]:
    from processing.detect import detect
    from processing.models import DetectInput

    return lambda lang, text: detect(DetectInput(id="x", text=text, lang=lang)).model_dump_json()


def _cleaner() -> Callable[[str, str], object]:
    import trafilatura

    frame = (Path(__file__).parent / "frame.html").read_text(encoding="utf-8")
    return lambda lang, text: trafilatura.extract(
        frame.replace("TEXT", "".join(f"<p>{part}</p>" for part in text.split("\n"))).replace("LANG", lang), fast=True
    )


def main(what: str, count: int, share: float) -> None:
    """Prints one line of JSON."""
    start = time.perf_counter()
    work = _detector() if what == "detect" else _cleaner()
    pages = list(documents(count, share))
    ready = time.perf_counter()
    work(*pages[0])
    first = time.perf_counter() - start
    digest = hashlib.sha256()
    begun = time.process_time()
    for lang, text in pages:
        digest.update(str(work(lang, text)).encode())
    used = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(  # noqa: T201 for whoever started it
        json.dumps(
            {
                "documents": count, "cpu": used, "first": first, "ready": ready - start, "peak": peak,
                "digest": digest.hexdigest(),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
