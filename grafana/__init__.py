"""Dashboards as code, for operations staff. Still empty; the pages are in collector/web."""
