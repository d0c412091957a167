"""DuckDB with the extensions that its packages carry: statements in, rows out."""

import glob
import json
import os
import sys

import duckdb
import duckdb_extension_avro
import duckdb_extension_httpfs
import duckdb_extension_iceberg

from session import serve

options = json.loads(sys.argv[1])
connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
for package in (duckdb_extension_avro, duckdb_extension_httpfs, duckdb_extension_iceberg):
    [path] = glob.glob(os.path.join(os.path.dirname(package.__file__), "extensions", "*", "*.duckdb_extension"))
    connection.load_extension(path)
for statement in options["statements"]:
    connection.execute(statement)


def sql(text):
    found = connection.execute(text)
    return found.fetchall() if found.description is not None else []


serve({"sql": sql})
