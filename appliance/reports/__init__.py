"""Weekly, monthly and compliance reports: what they say, and how they look on paper."""
