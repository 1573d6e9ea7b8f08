"""Dashboards as code, for operations staff. They show; verdicts and alerts are the collector's."""
