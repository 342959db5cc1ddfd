"""The common look of all pages: templates, macros, style sheets, and words for statuses and times."""
