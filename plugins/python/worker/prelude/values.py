# SPDX-License-Identifier: Apache-2.0
# The Python half of the worker: the files of this folder become one module, `kdeps`.  `ask`, `build_stream`, Table and Row come from C++.
# This one: values of scripts as values of the host, as JSON and as text.
import base64
import collections.abc
import datetime
import decimal
import json
import os
import sys
import types


def reduce(value):
    """An object of no known type as one of a known type."""
    if isinstance(value, datetime.datetime):
        if value is getattr(sys.modules.get('pandas'), 'NaT', value.__class__):
            return None
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat() + 'Z'
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return duration(value)
    if hasattr(type(value), '__dataclass_fields__'):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, memoryview):
        return value.tobytes()
    enum = sys.modules.get('enum')
    if enum is not None and isinstance(value, enum.Enum):
        return value.value
    kind = type(value)
    module = kind.__module__.partition('.')[0]
    if module == 'numpy':
        return from_numpy(value)
    if module == 'pandas':
        return from_pandas(value)
    if module in ('polars', 'pyarrow'):
        for method in ('to_list', 'to_pylist', 'as_py'):
            if hasattr(kind, method):
                return getattr(value, method)()
    if kind.__name__ == 'UUID' or isinstance(value, os.PathLike):
        return str(value)
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    if isinstance(value, (collections.abc.Sequence, collections.abc.Set, collections.abc.KeysView, collections.abc.ValuesView,
                          collections.abc.ItemsView, collections.deque, types.GeneratorType, map, filter, zip)):
        return list(value)
    raise TypeError(f'a value of type {kind.__qualname__} cannot be handed over; make it a dict, a list, a text, a number or a table')


def duration(value):
    seconds = abs(value)
    days, rest = seconds.days, seconds - datetime.timedelta(days=seconds.days)
    text = 'P' + (f'{days}D' if days else '')
    clock = ''
    for unit, size in (('H', 3600), ('M', 60)):
        count, rest = divmod(rest, datetime.timedelta(seconds=size))
        clock += f'{count}{unit}' if count else ''
    if rest:
        clock += f'{rest.total_seconds():.6f}'.rstrip('0').rstrip('.') + 'S'
    if clock or not days:
        text += 'T' + (clock or '0S')
    return ('-' if value < datetime.timedelta(0) else '') + text


def json_default(self, value):
    if isinstance(value, Row):
        return dict(value)
    if isinstance(value, (Table, Column)):
        return list(value)
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10 ** 18 else float(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if hasattr(type(value), '__arrow_c_stream__'):
        raise TypeError(f'Object of type {type(value).__name__} is not JSON serializable')
    return reduce(value)


json.JSONEncoder.default = json_default


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def to_text(value):
    """A value inside a string, as a template has it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, float):
        return format(decimal.Decimal(repr(value)).normalize() if value else decimal.Decimal(0), 'f')
    if isinstance(value, decimal.Decimal):
        return format(value, 'f')
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, dict, Table, Row, Column)):
        return to_json(value)
    return str(value)
