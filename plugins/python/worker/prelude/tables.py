# SPDX-License-Identifier: Apache-2.0
# What numpy and pandas have, as values of the host; result sets as frames.
import collections.abc
import decimal
import sys


def from_numpy(value):
    numpy = sys.modules['numpy']
    if isinstance(value, numpy.datetime64):
        return None if numpy.isnat(value) else value.astype('datetime64[us]').item()
    if isinstance(value, numpy.timedelta64):
        return None if numpy.isnat(value) else value.astype('timedelta64[us]').item()
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, numpy.ndarray):
        if value.dtype.kind in 'mM':
            value = value.astype(value.dtype.kind + '8[us]')
        return value.tolist()
    raise TypeError(f'a value of type {type(value).__qualname__} cannot be handed over; make it a list or a number')


def from_pandas(value):
    pandas = sys.modules['pandas']
    if value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, pandas.DataFrame):
        return Frame(value)
    if isinstance(value, (pandas.Series, pandas.Index)):
        return cells(value)
    if isinstance(value, pandas.Timedelta):
        return value.to_pytimedelta()
    raise TypeError(f'a value of type {type(value).__qualname__} cannot be handed over; make it a frame, a list or a text')


def cells(series):
    """A column of pandas as Python objects, missing values as None."""
    pandas = sys.modules['pandas']
    missing = series.isna()
    values = series.tolist()
    if missing.any():
        values = [None if gone else value for value, gone in zip(values, missing)]
    if getattr(series.dtype, 'kind', '') in 'M' or str(series.dtype).startswith('datetime64'):
        values = [None if value is None else value.to_pydatetime(warn=False) for value in values]
    return [value.item() if type(value).__module__ == 'numpy' else value for value in values] if values and series.dtype == object else values


class Frame:
    """A pandas frame as an Arrow stream, for versions of pandas that do not offer one."""
    __slots__ = ('frame',)

    def __init__(self, frame):
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        frame = self.frame
        return build_stream([str(name) for name in frame.columns], [cells(frame.iloc[:, i]) for i in range(frame.shape[1])])


def to_pandas(self):
    """The rows as a pandas frame; columns of numbers share the memory where pandas can."""
    import pandas
    try:
        import pyarrow
    except ImportError:
        return pandas.DataFrame({name: self.column(name) for name in self.columns}, columns=self.columns)
    frame = pyarrow.table(self).to_pandas()
    for i, field in enumerate(pyarrow.schema(self)):
        if (field.metadata or {}).get(b'ARROW:extension:name') == b'kdeps.decimal':
            frame.isetitem(i, [None if text is None else decimal.Decimal(text) for text in frame.iloc[:, i]])
    return frame


def to_list(self):
    return [dict(row) for row in self]


def to_array(self, dtype=None, copy=None):
    """For numpy.asarray(column): the memory itself where the numbers lie in one piece."""
    import numpy
    found = self._chunks()
    if found is None:
        made = numpy.array(list(self))
    else:
        parts = [numpy.frombuffer(chunk, found[0]) for chunk in found[1]]
        made = parts[0] if len(parts) == 1 else numpy.concatenate(parts)
    return made if dtype is None else made.astype(dtype, copy=False)


Table.to_pandas = to_pandas
Table.to_list = to_list
Column.__array__ = to_array
# Not so Table as a Sequence: polars would walk it row by row and not ask for its columns.
collections.abc.Mapping.register(Row)
collections.abc.Sequence.register(Column)
