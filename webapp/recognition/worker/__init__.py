"""The work of recognition: learn, classify, import a zip."""
