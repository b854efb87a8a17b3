# What one would write first, to compare the Dockerfile of the repository with.
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS base
USER root

FROM base AS naive
COPY . /build
RUN pip install --no-cache-dir /build
USER 1000:1000
# The CDK's entry point at once, as connectors usually start.
ENTRYPOINT ["python", "-c", "import sys; from source_invoicing.entrypoint import launch; launch(sys.argv[1:])"]
