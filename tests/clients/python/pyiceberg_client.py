"""PyIceberg over the catalog: what the tests ask of every client, in its own words."""

import json
import sys
import time

import pyarrow
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform
from pyiceberg.types import DecimalType, IntegerType, LongType, NestedField, StringType, TimestamptzType

from session import serve

catalog = load_catalog("lake", **json.loads(sys.argv[1]))

orders = Schema(
    NestedField(1, "id", LongType(), required=False),
    NestedField(2, "city", StringType(), required=False),
    NestedField(3, "amount", DecimalType(12, 2), required=False),
    NestedField(4, "quantity", IntegerType(), required=False),
    NestedField(5, "ordered_at", TimestamptzType(), required=False),
)
by_day = PartitionSpec(PartitionField(source_id=5, field_id=1000, transform=DayTransform(), name="ordered_at_day"))


def namespace(name):
    catalog.create_namespace(name)


def drop_namespace(name):
    catalog.drop_namespace(name)


def create(table):
    catalog.create_table(table, schema=orders, partition_spec=by_day)


def append(table, rows):
    found = catalog.load_table(table)
    schema = found.schema().as_arrow()
    found.append(pyarrow.table([column(field, [row.get(field.name) for row in rows]) for field in schema], schema=schema))


def column(field, texts):
    """No text can be cast to a struct: columns that no row has are nulls of their type."""
    if all(text is None for text in texts):
        return pyarrow.nulls(len(texts), field.type)
    return pyarrow.array(texts, pyarrow.string()).cast(field.type)


def append_again(table, rows, tries_max):
    """As users do: what PyIceberg's own tries did not bring in is appended again over the table as it is by then.

    Both errors mean that nothing was committed; any other one is an outcome that nobody knows, and ends it.
    """
    started = time.monotonic()
    commits = requests()
    given_up = []
    while True:
        try:
            append(table, rows)
            break
        except (CommitFailedException, ValidationException) as error:
            given_up.append(f"{type(error).__name__}: {error}")
            if len(given_up) == tries_max:
                raise
    conflicts = requests() - commits - 1
    return {"ms": round((time.monotonic() - started) * 1000), "conflicts": conflicts, "given_up": given_up}


def counted(commit_table):
    """How often a commit was sent, those of PyIceberg's own tries as well."""
    sent = 0

    def commit(*arguments, **named):
        nonlocal sent
        sent += 1
        return commit_table(*arguments, **named)

    return commit, lambda: sent


catalog.commit_table, requests = counted(catalog.commit_table)


def evolve(table):
    with catalog.load_table(table).update_schema() as update:
        update.add_column("note", StringType())
        update.rename_column("city", "place")
        update.update_column("quantity", LongType())


def delete(table, where):
    catalog.load_table(table).delete(where)


def snapshots(table):
    return [[str(one.snapshot_id), one.timestamp_ms] for one in catalog.load_table(table).snapshots()]


def rows(table, paths, snapshot=None, where=None):
    found = catalog.load_table(table)
    columns = list(dict.fromkeys(path[0] for path in paths))
    options = {} if snapshot is None else {"snapshot_id": int(snapshot)}
    if where is not None:
        options["row_filter"] = where
    scan = found.scan(selected_fields=(tuple(columns) if columns else ("*",)), **options)
    return [[walk(row, path) for path in paths] for row in scan.to_arrow().to_pylist()]


def snapshot_at(table, time_ms):
    return str(catalog.load_table(table).snapshot_as_of_timestamp(int(time_ms)).snapshot_id)


def walk(value, path):
    for name in path:
        value = None if value is None else value[name]
    return value


def metadata(table):
    found = catalog.load_table(table)
    inspect = found.inspect
    return {
        "snapshots": inspect.snapshots().num_rows,
        "files": sum(inspect.files().column("record_count").to_pylist()),
        "manifests": inspect.manifests().num_rows,
        "partitions": sum(inspect.partitions().column("record_count").to_pylist()),
        "history": inspect.history().num_rows,
    }


def drop(table):
    catalog.drop_table(table)


def tables(namespace):
    return sorted(table[-1] for table in catalog.list_tables(namespace))


def rename(table, to):
    catalog.rename_table(table, to)


calls = (
    namespace,
    drop_namespace,
    create,
    append,
    append_again,
    evolve,
    delete,
    snapshots,
    snapshot_at,
    rows,
    metadata,
    drop,
    tables,
    rename,
)
serve({one.__name__: one for one in calls})
