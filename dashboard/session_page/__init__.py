"""The page of one session, piece by piece; `dashboard/app_pages/session.py` puts them in order."""
