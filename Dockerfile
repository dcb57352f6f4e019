# One image that holds every binary of Foyer, static and without anything else: the
# operator runs /manager, the pods of a tenant /portal and /backoffice.
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
RUN mkdir /out && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/ ./cmd/...

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/ /
ENV PATH=/
WORKDIR /
# No user of a file system: nothing in the image can be written, and pods mount the
# root read-only.
USER 65532:65532
ENTRYPOINT ["/manager"]
