# The executable alone, for a user without rights. The build needs dist/packages/sops-linux-* (npm run package -- --all):
#
#   docker build --tag sops .
#   docker run --rm --read-only --volume "$PWD:/work:ro" --env SOPS_AGE_KEY sops decrypt secrets.enc.yaml
#
# BASE holds the C library that the executable loads, the certificates of authorities and the user nonroot, and no shell: for exec-env and
# exec-file, which start one, copy /usr/local/bin/sops into an image of your own. Pin it: --build-arg BASE=…@sha256:…
ARG BASE=gcr.io/distroless/base-nossl-debian12:nonroot

FROM ${BASE} AS amd64
COPY --chmod=0755 dist/packages/sops-linux-x64 /usr/local/bin/sops

FROM ${BASE} AS arm64
COPY --chmod=0755 dist/packages/sops-linux-arm64 /usr/local/bin/sops

FROM ${TARGETARCH}
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/sops"]
