# One image that runs everything `make run` runs; see compose.yaml for PostgreSQL and Valkey beside it.
FROM python:3.11-slim

# The CPU build of torch. For NVIDIA GPUs: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN useradd --create-home --uid 10001 glimpse && install -d -o glimpse -g glimpse -m 700 /data
WORKDIR /srv/glimpse

COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -r requirements.txt

COPY . .
RUN python -m compileall -q launch mlcore webapp manage.py

ENV GLIMPSE_DATA_DIR=/data \
    GLIMPSE_BIND=0.0.0.0 \
    PYTHONUNBUFFERED=1
USER glimpse
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=90s \
    CMD ["python", "-c", "import os, sys; from launch.address import Announcement; sys.exit(not Announcement('127.0.0.1', int(os.environ.get('GLIMPSE_PORT', 8000))).answers())"]
CMD ["python", "-m", "launch"]
