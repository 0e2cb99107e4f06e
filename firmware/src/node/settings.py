"""What a node works with; `config`, which reads and checks it, is not kept in memory."""


class Settings:
    """The sections as dicts with every default filled in; `server["ca"]` and `key` as text.

    `path` is the file, `root` its folder. `version` is of what the appliance sent, 0 where that is
    nothing, `on_trial` until rows were delivered with it. `bad` is the version that cannot be used,
    `refused` says why if that is news.
    """

    def __init__(self, path, root):
        self.path = path
        self.root = root
        self.version = self.bad = 0
        self.on_trial = False
        self.refused = None
