"""One page for a browser: it stands alone, reads without a script, prints, and fits a phone."""

from schema_guard.render.html.documents import apply_html, check_html, error_html, plan_html

__all__ = ["apply_html", "check_html", "error_html", "plan_html"]
