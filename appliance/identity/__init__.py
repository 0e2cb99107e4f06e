"""Users, sessions, tokens, device keys, certificates and the audit chain."""
