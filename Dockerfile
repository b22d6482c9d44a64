# One image for every service: `apprentice run SERVICE` is what a container is told to do.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /app && /app/bin/pip install --require-hashes -r requirements.lock
COPY contracts contracts
COPY services services
RUN /app/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
# The providers' client trusts the operating system's certificates; the slim image has none.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 apprentice \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data apprentice \
    && install -d -o apprentice -g apprentice -m 0700 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 APPRENTICE_HOME=/data
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["apprentice"]
