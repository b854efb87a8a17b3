# The connector as an image: docker build --tag source-invoicing .

# Airbyte's base image for connectors in Python, the same as in metadata.yaml. Any image with Python 3.10 to 3.13 will do.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.1@sha256:a268b44c733ae699a60f5fbc06a324945dba98945c6e2ab7f8609f2f895b0d28

# The packages of poetry.lock that the connector needs, in an environment of their own, without what it never uses.
FROM ${BASE_IMAGE} AS dependencies
USER root
WORKDIR /build
COPY poetry.lock scripts/lib/locked_requirements.py scripts/lib/lean_packages.py ./
RUN python -m venv --without-pip /opt/connector \
    && python locked_requirements.py poetry.lock --group main > main.txt \
    && pip --python /opt/connector/bin/python install --no-cache-dir --no-compile --no-deps --require-hashes \
        --requirement main.txt \
    && /opt/connector/bin/python lean_packages.py airbyte_cdk airbyte_cdk.entrypoint orjson pendulum requests yaml

# The connector as a wheel.
FROM dependencies AS package
RUN python locked_requirements.py poetry.lock --group build > build.txt \
    && pip install --no-cache-dir --no-deps --require-hashes --requirement build.txt
COPY pyproject.toml README.md LICENSE ./
COPY source_invoicing source_invoicing
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# Two layers: the first changes with poetry.lock only.
FROM ${BASE_IMAGE}
USER root
COPY --from=dependencies /opt/connector /opt/connector
RUN --mount=type=bind,from=package,source=/wheels,target=/wheels \
    --mount=type=bind,from=dependencies,source=/build,target=/build \
    pip --python /opt/connector/bin/python install --no-cache-dir --no-deps --no-index /wheels/*.whl \
    && /opt/connector/bin/python /build/lean_packages.py --standard-library \
        source_invoicing.run source_invoicing.entrypoint source_invoicing.commands
WORKDIR /airbyte/integration_code
# The user "airbyte" of the base image, by number: Kubernetes can only tell from a number that it is not root.
USER 1000:1000
ENV AIRBYTE_ENTRYPOINT="/opt/connector/bin/source-invoicing"
ENTRYPOINT ["/opt/connector/bin/source-invoicing"]
LABEL io.airbyte.name="airbyte/source-invoicing" \
      io.airbyte.version="0.3.0"
