"""The provider that ships with us: a retrieval model behind the API that the official openai client speaks."""
