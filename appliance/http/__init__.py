"""What the API and the pages share: the context, who may call, bodies, problems, headers."""
