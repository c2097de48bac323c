"""Pieces of a page in Streamlit: header and filters, cards, chart with table and download, states."""
