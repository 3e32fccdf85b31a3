"""The meta-learning library: PyTorch only, no Django, no Celery, no database."""
