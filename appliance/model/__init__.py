"""The nouns of Carbonseed as frozen structs, without behaviour."""
