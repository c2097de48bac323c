"""One file a page, each with `render(reader)`; the list of them is in `dashboard/app.py`."""
