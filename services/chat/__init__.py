"""Chat: assistants take part in groups, and answer what they are asked to try out."""
