"""Spark in this process, with Iceberg's own runtime: statements in, rows out."""

import json
import sys

from pyspark.sql import SparkSession

from session import serve

builder = SparkSession.builder.master("local[2]").appName("clients")
for name, value in json.loads(sys.argv[1]).items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")


def sql(text):
    return [list(row) for row in spark.sql(text).collect()]


serve({"sql": sql})
spark.stop()
