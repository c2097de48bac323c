"""Results in, figures, tables and texts out; no Streamlit, no SQL, no arithmetic but layout.

May import `pipelines.insight` for verdicts, and `dashboard.format` and `dashboard.theme`.
"""
