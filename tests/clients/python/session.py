"""One line of JSON in, one line of JSON out: how a test in TypeScript asks a client that is written for Python.

A request is {"call": name, "arguments": {...}}; the answer {"value": ...} or {"error": "Type: message"}. Answers go to the
file descriptor that was stdout at the start: what libraries print must not stand between them, so it goes to stderr.
"""

import base64
import datetime
import decimal
import json
import os
import sys
import uuid


def serve(calls):
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"value": plain(calls[request["call"]](**request["arguments"]))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def plain(value):
    """Values as the tests compare them: integers, decimals and floats as text, times in UTC with six decimals, bytes as base64."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo is None else value.astimezone(datetime.timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + ("" if value.tzinfo is None else "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if hasattr(value, "asDict"):
        value = value.asDict()
    if isinstance(value, dict):
        return {str(name): plain(held) for name, held in value.items()}
    return [plain(item) for item in value]
