"""A server that speaks OpenAI's protocol: chat completions about documents, files, models."""
