"""Pictures, data sets, episodes, and what is done to a picture before a network sees it."""
