"""mdraft: turns PDF and DOCX files into Markdown for people who answer government requests for proposals."""
