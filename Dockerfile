FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/prelabel

# The libraries first: they change seldom, and this layer is the large one.
COPY requirements/image.lock requirements/build.lock requirements/
RUN pip --python /opt/prelabel/bin/python install --require-hashes -r requirements/image.lock
RUN pip install --require-hashes -r requirements/build.lock

COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY web web
COPY src src
COPY api api
COPY worker worker
COPY prompts prompts
RUN pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && pip --python /opt/prelabel/bin/python install --no-index --no-deps dist/*.whl


FROM python:3.12-slim
COPY --from=build /opt/prelabel /opt/prelabel
# Nothing is kept in the container: its root may be read-only, with /tmp in memory.
ENV PATH=/opt/prelabel/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    PRELABEL_HOME=/tmp/prelabel
USER 10001:10001
CMD ["prelabel-api"]
