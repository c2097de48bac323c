"""The product's name and mark: a plumb bob on its line, drawn for this product."""

NAME = "Plumbline"

MARK = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24" role="img" \
aria-label="Plumbline"><rect width="24" height="24" rx="6" fill="#0B5C8C"/>\
<path d="M12 3.2v5.2" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/>\
<path d="M8.2 8.6h7.6l.6 2.3c.2.9.1 1.5-.3 2.3L12 21l-4.1-7.8c-.4-.8-.5-1.4-.3-2.3z" fill="#fff"/>\
<path d="M7.6 11.6h8.8" stroke="#F2B134" stroke-width="1.5"/></svg>"""

LOGO_TEMPLATE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 118 24" width="118" height="24" \
role="img" aria-label="Plumbline"><rect width="24" height="24" rx="6" fill="#0B5C8C"/>\
<path d="M12 3.2v5.2" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/>\
<path d="M8.2 8.6h7.6l.6 2.3c.2.9.1 1.5-.3 2.3L12 21l-4.1-7.8c-.4-.8-.5-1.4-.3-2.3z" fill="#fff"/>\
<path d="M7.6 11.6h8.8" stroke="#F2B134" stroke-width="1.5"/>\
<text x="31" y="17.2" font-family="Source Sans, Source Sans 3, Segoe UI, Helvetica, Arial, sans-serif" \
font-size="16.5" font-weight="700" letter-spacing=".1" fill="{ink}">Plumbline</text></svg>"""


def logo(ink: str) -> str:
    """The mark beside the name, in a colour that reads on the page's ground."""
    return LOGO_TEMPLATE.format(ink=ink)
