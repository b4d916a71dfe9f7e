"""Jingqing (警情): Chinese local-police news files in, articles and incidents in PostgreSQL out."""

__version__ = "0.1.0"
