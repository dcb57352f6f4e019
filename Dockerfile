# One image that holds every binary that runs in a cluster, static and without anything
# else: the operator runs /manager, the pods of a tenant /portal, /backoffice and
# /dispatcher.
# kubectl-foyer is for people's machines: `make build` makes it.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t registry.example/foyer:v1 .
#
# `make image` packs the same layout without a container engine.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY cmd cmd
COPY controllers controllers
COPY internal internal
ARG VERSION=dev
RUN mkdir /out && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/ \
    $(ls -d ./cmd/* | grep -v kubectl-foyer)

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/ /
ENV PATH=/
WORKDIR /
# No user of a file system: nothing in the image can be written, and pods mount the
# root read-only.
USER 65532:65532
ENTRYPOINT ["/manager"]
