# One image for the web server, the worker and the migrations; compose.yaml shows how they stand together.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/headwater
ENV PATH=/opt/headwater/bin:$PATH
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m venv /opt/builder \
 && /opt/builder/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && /opt/builder/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/headwater headwater
COPY --from=build /opt/headwater /opt/headwater
ENV PATH=/opt/headwater/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HEADWATER_HOME=/var/headwater \
    HEADWATER_BIND=0.0.0.0:8000
USER headwater
WORKDIR /var/headwater
# The demo's mode, because no secret belongs into an image; a container that serves says production for itself.
RUN HEADWATER_MODE=demo headwater collectstatic && rm -f /var/headwater/secret_key
ENV HEADWATER_MODE=production
VOLUME /var/headwater
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["python", "-m", "headwater.site.alive"]
CMD ["headwater", "serve"]
