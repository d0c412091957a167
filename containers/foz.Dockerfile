# Foz from the checkout: TypeScript runs unbuilt on Node 24.
FROM node:24.21.0-bookworm-slim
WORKDIR /opt/foz
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY . .
RUN mkdir -p /var/lib/foz && chown node:node /var/lib/foz
USER node
ENV NODE_ENV=production
ENTRYPOINT ["node", "bin/foz.mjs", "--config", "/etc/foz/foz.yaml"]
CMD ["run"]
