"""Spark in this process, with Iceberg's own runtime: statements in, rows out."""

import datetime
import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import TimestampType

from session import serve

builder = SparkSession.builder.master("local[2]").appName("clients")
for name, value in json.loads(sys.argv[1]).items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")


def sql(text):
    """Spark hands its moments out without a zone, in that of the process: UTC."""
    found = spark.sql(text)
    moments = [isinstance(field.dataType, TimestampType) for field in found.schema]
    return [[zoned(value) if is_moment else value for value, is_moment in zip(row, moments)] for row in found.collect()]


def zoned(value):
    return None if value is None else value.replace(tzinfo=datetime.timezone.utc)


serve({"sql": sql})
spark.stop()
