"""What the world may rely on: facts, envelope, queries, subjects, training file. Imports pydantic and the stdlib."""
