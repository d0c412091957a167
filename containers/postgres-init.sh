#!/bin/bash
# First start of PostgreSQL: the capture role, then the schema with the role's and the publication's names filled in.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --set password="$FOZ_POSTGRES_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE foz LOGIN REPLICATION PASSWORD :'password';
SQL
sed -e 's/:cdc_role/foz/g' -e 's/:publication/foz/g' /schema/users.sql |
  psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"
