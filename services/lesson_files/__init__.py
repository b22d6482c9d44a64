"""Lessons as files: JSON lines, CSV, OpenAI's chat format and ERP.net's JSON, read and written row by row."""
