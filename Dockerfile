# docker build -t user-management .
FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image has a Node: the one that is pinned for machines with an older one stays out.
RUN npm ci --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/node-linux-* node_modules/node-bin-* node_modules/node-darwin-* node_modules/.bin/node

FROM node:26-slim
ENV NODE_ENV=production UM_MODE=production UM_DATA_DIR=/data
RUN groupadd --gid 10001 user-management \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin user-management \
 && install -d -o 10001 -g 10001 -m 0700 /data \
 && ln -s /app/bin/user-management.cjs /usr/local/bin/user-management
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
USER 10001:10001
VOLUME /data
EXPOSE 8080
# Whether the process answers. Whether traffic may come (/readyz) is for the proxy or the orchestrator to ask:
# a database that is away is no reason to start this container again.
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s --retries=3 \
  CMD ["node", "/app/bin/user-management.cjs", "healthcheck", "--live"]
ENTRYPOINT ["node", "/app/bin/user-management.cjs"]
CMD ["serve"]
