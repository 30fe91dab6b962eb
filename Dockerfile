# The program that scripts/run starts, as an image. Packages come by the lock file, wheels only.
FROM python:3.11.14-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /srv/mimamori
WORKDIR /src
COPY constraints/run.txt constraints/
RUN /srv/mimamori/bin/pip install --require-hashes --requirement constraints/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY asr asr
COPY detection detection
COPY migrations migrations
RUN /srv/mimamori/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11.14-slim-trixie
# Records, the joined model and downloaded models live in the home folder: mount a volume there.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/mimamori mimamori && chmod 700 /var/lib/mimamori
COPY --from=build /srv/mimamori /srv/mimamori
ENV PATH=/srv/mimamori/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MIMAMORI_DATA_DIR=/var/lib/mimamori
USER mimamori
WORKDIR /var/lib/mimamori
VOLUME /var/lib/mimamori
EXPOSE 8000
# Ready means that calls can be judged, not only that a port is open. Asked directly: Docker hands an office's proxy on.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["sh", "-c", "mimamori model prepare && exec mimamori serve --host 0.0.0.0 --port 8000"]
