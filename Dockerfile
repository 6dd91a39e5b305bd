# syntax=docker/dockerfile:1

# One image is what is built with and what is taken from: its version is the only one to keep.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Without install scripts: the "node" of the devDependencies is not needed, it is here already.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/ scripts/
COPY src/ src/
# What "kvmeter version" says it was made of; without it, nothing.
ARG COMMIT=
# A package that runs without TypeScript names it as one that may be there, and npm would keep it for that.
RUN npm run build \
    && { [ -z "$COMMIT" ] || echo "$COMMIT" >dist/commit; } \
    && npm prune --omit=dev --omit=optional --omit=peer --ignore-scripts --no-audit --no-fund

# The root file system: Node, the libraries that it is linked to, and env for the command's first line. There is no
# shell and no package manager. Scanners find the versions of the libraries in var/lib/dpkg/status.d.
FROM ${NODE_IMAGE} AS root
RUN set -eu; \
    mkdir -p /root-fs/usr/bin /root-fs/etc/kvmeter /root-fs/var/lib/dpkg/status.d /root-fs/proc /root-fs/sys /root-fs/dev; \
    install -d -m 1777 /root-fs/tmp; \
    install -d -o 65532 -g 65532 -m 700 /root-fs/var/lib/kvmeter; \
    cp "$(command -v node)" /usr/bin/env /root-fs/usr/bin/; \
    ldd "$(command -v node)" >/tmp/linked; \
    grep -o '/[^ )]*' /tmp/linked >/tmp/libraries; \
    while read -r library; do install -D -m 755 "$library" "/root-fs$library"; done </tmp/libraries; \
    for package in libc6 libgcc-s1 libstdc++6; do \
      dpkg --status "$package" >"/root-fs/var/lib/dpkg/status.d/$package"; \
    done; \
    cp /etc/os-release /root-fs/etc/; \
    echo 'hosts: files dns' >/root-fs/etc/nsswitch.conf; \
    echo 'kvmeter:x:65532:65532:kvmeter:/var/lib/kvmeter:/sbin/nologin' >/root-fs/etc/passwd; \
    echo 'kvmeter:x:65532:' >/root-fs/etc/group; \
    ln -s ../../opt/kvmeter/dist/main.js /root-fs/usr/bin/kvmeter

FROM scratch
LABEL org.opencontainers.image.title="kvmeter" \
      org.opencontainers.image.description="Monitoring agent for KVM hosts: reads every virtual machine from libvirt and pushes OpenTelemetry metrics over OTLP" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=root /root-fs/ /
COPY --from=build /src/node_modules/ /opt/kvmeter/node_modules/
COPY --from=build /src/dist/ /opt/kvmeter/dist/
COPY package.json LICENSE /opt/kvmeter/
COPY proto/ /opt/kvmeter/proto/
COPY config/container.yaml /etc/kvmeter/kvmeter.yaml
# Of glibc's memory one arena serves all threads: each would keep some of its own.
ENV PATH=/usr/bin HOME=/var/lib/kvmeter TMPDIR=/var/lib/kvmeter MALLOC_ARENA_MAX=1
USER 65532:65532
VOLUME /var/lib/kvmeter
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["/usr/bin/kvmeter", "health", "-c", "/etc/kvmeter/kvmeter.yaml"]
ENTRYPOINT ["/usr/bin/kvmeter"]
CMD ["run", "-c", "/etc/kvmeter/kvmeter.yaml"]
