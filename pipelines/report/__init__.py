"""The executive's page as a file: HTML that needs nothing else, PDF, workbook; the reader's own numbers.

Imports the reader, explanations, statistics and errors; no dashboard and no browser but to print.
"""

from pipelines.report.content import Report, report_of
from pipelines.report.html import html_of
from pipelines.report.pdf import PAPERS, pdf_of
from pipelines.report.workbook import workbook_of

__all__ = ["PAPERS", "Report", "html_of", "pdf_of", "report_of", "workbook_of"]
