"""CLEAN, DETECT, RESOLVE and ALERT: from raw pages in the lake to delivered alerts.

Imports neither Airflow nor Scrapy.
"""
