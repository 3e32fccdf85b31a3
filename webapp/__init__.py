"""The Glimpse site: a Django project over the meta-learning library mlcore."""
