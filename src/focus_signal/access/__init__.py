"""Who may come in: from which address, how often, from which page; and how many files may be open."""
