"""CRAWL: fetch what changed, politely, and keep the evidence. Knows nothing of casualties.

The modules without Scrapy (handover, registry, objects, warc, preview) are what the other stages
may import; everything else here belongs to the Scrapy process alone.
"""
