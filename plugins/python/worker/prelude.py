# SPDX-License-Identifier: Apache-2.0
# The Python half of the worker: becomes the module `kdeps` of its interpreter.  Compiles scripts, runs them, and takes back what they
# changed.  `ask`, `build_stream`, Table and Row come from C++.
import _thread
import ast
import base64
import builtins
import collections.abc
import datetime
import decimal
import gc
import io
import json
import linecache
import os
import re
import sys
import traceback
import types
import warnings

SOURCES = frozenset(('item', 'loop', 'memory', 'app', 'session', 'output', 'param', 'query', 'path', 'header', 'body', 'data', 'file',
                     'filepath', 'filetype', 'info', 'env', 'itemvalues', 'error'))
MARKER = re.compile(r'__kdeps_\d+__')
END = object()


class Error(RuntimeError):
    """What get, set and info raise when the host refuses."""


# What scripts call.

def get(name, *rest, source=None, default=None):
    """A value of the run: get(name), get(name, source), get(name, default), get(name, source, default)."""
    if len(rest) > 2:
        raise TypeError('get() takes a name, a source and a default')
    if rest and source is None and isinstance(rest[0], str) and rest[0] in SOURCES:
        source, rest = rest[0], rest[1:]
    if rest:
        default = rest[-1]
    found = ask(0, name, source or '', None)
    return default if found is None else found


class _SetType(type):
    # set(key, value) stores; with one argument or none it is Python's own set.
    def __call__(cls, *arguments, **named):
        if len(arguments) < 2 and not named:
            return builtins.set(*arguments)
        return store(*arguments, **named)

    def __instancecheck__(cls, instance):
        return isinstance(instance, builtins.set)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, builtins.set)


def store(key, value, storage='memory'):
    """Keeps a value: for the run (memory), the client (session), the item (item) or the process (app)."""
    ask(1, key, storage, value)
    return True


class set(builtins.set, metaclass=_SetType):
    __doc__ = store.__doc__


def info(name):
    """What the run knows of itself: now, requestId, method, path ..."""
    return ask(2, name, '', None)


# Values.

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


def json_default(self, value):
    if isinstance(value, Row):
        return dict(value)
    if isinstance(value, Table):
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
    if isinstance(value, (list, dict, Table, Row)):
        return to_json(value)
    return str(value)


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


def reduce_rows(self):
    return [dict(row) for row in self]


Table.to_pandas = to_pandas
Table.to_list = reduce_rows
# Not so Table as a Sequence: polars would walk it row by row and not ask for its columns.
collections.abc.Mapping.register(Row)


# Scripts.

class Binder(ast.NodeTransformer):
    """Makes {{ }} inside of strings join the text of a value: markers are all that the parser saw."""

    def pieces(self, node):
        text, at = node.value, 0
        for found in MARKER.finditer(text):
            if found.start() > at:
                yield ast.Constant(text[at:found.start()])
            call = ast.Call(ast.Name('__kdeps_text__', ast.Load()), [ast.Name(found.group(), ast.Load())], [])
            yield ast.FormattedValue(call, -1, None)
            at = found.end()
        if at < len(text):
            yield ast.Constant(text[at:])

    def located(self, made, node):
        ast.copy_location(made, node)
        return ast.fix_missing_locations(made)

    def visit_Constant(self, node):
        if isinstance(node.value, str) and MARKER.search(node.value):
            return self.located(ast.JoinedStr(list(self.pieces(node))), node)
        if isinstance(node.value, bytes) and MARKER.search(node.value.decode('latin-1')):
            text = ast.JoinedStr(list(self.pieces(ast.Constant(node.value.decode('latin-1')))))
            return self.located(ast.Call(ast.Attribute(text, 'encode', ast.Load()), [], []), node)
        return node

    def visit_JoinedStr(self, node):
        values = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                values.extend(self.located(piece, node) for piece in self.pieces(value))
            else:
                values.append(self.visit(value))
        node.values = values
        return node

    def visit_Name(self, node):
        if '__kdeps_' in node.id and MARKER.search(node.id) and not MARKER.fullmatch(node.id):
            raise SyntaxError('{{ }} stands for a whole value and cannot be part of a name', ('', node.lineno, node.col_offset + 1, ''))
        return node


SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def top_level(nodes):
    """All nodes that run in the scope of the script itself, with whether a comprehension encloses them."""
    left = [(node, False) for node in nodes]
    while left:
        node, inner = left.pop()
        yield node, inner
        if isinstance(node, SCOPES):
            children = getattr(node, 'decorator_list', [])
        else:
            children = ast.iter_child_nodes(node)
        inner = inner or isinstance(node, COMPREHENSIONS)
        left.extend((child, inner) for child in children)


def bound_names(body):
    names = {}
    for node, inner in top_level(body):
        if isinstance(node, ast.Name) and not inner and isinstance(node.ctx, (ast.Store, ast.Del)):
            names[node.id] = True
        elif isinstance(node, ast.NamedExpr):
            names[node.target.id] = True
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = True
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name != '*':
                    names[alias.asname or alias.name.partition('.')[0]] = True
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names[node.name] = True
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names[node.rest] = True
    return list(names)


class Opener(ast.NodeTransformer):
    """What may stand in a module but not in a function."""

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Global(self, node):
        return ast.copy_location(ast.Pass(), node)

    def visit_AnnAssign(self, node):
        if not isinstance(node.target, ast.Name):
            return node
        return ast.copy_location(ast.Assign([node.target], node.value) if node.value else ast.Pass(), node)

    def visit_ImportFrom(self, node):
        if node.names[0].name != '*':
            return node
        call = ast.Call(ast.Name('__kdeps_star__', ast.Load()), [ast.Constant(node.module), ast.Call(ast.Name('globals', ast.Load()), [], [])], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))


def import_star(name, names):
    module = __import__(name, fromlist=['*'])
    public = getattr(module, '__all__', None) or [one for one in vars(module) if not one.startswith('_')]
    names.update((one, getattr(module, one)) for one in public)


def with_return(tree):
    """A script with a top-level return as a function whose names are those of the module, so that nothing else changes."""
    for node, inner in top_level(tree.body):
        if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)):
            raise SyntaxError("'yield' outside function", ('', node.lineno, node.col_offset + 1, ''))
    future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == '__future__']
    body = [Opener().visit(node) for node in tree.body if node not in future]
    names = bound_names(body)
    if names:
        body.insert(0, ast.Global(names))
    body.append(ast.Return(ast.Name('__kdeps_end__', ast.Load())))
    for node in (body[0], body[-1]):
        if not hasattr(node, 'lineno'):
            ast.fix_missing_locations(ast.copy_location(node, tree.body[-1]))
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    made = ast.FunctionDef('__script__', nothing, body, [])
    tree.body = future + [ast.fix_missing_locations(ast.copy_location(made, tree.body[0]))]


# A script that names one of these leaves a process behind that no longer is as it was.
LASTING = frozenset(('signal', 'resource', 'ctypes', 'faulthandler', 'locale', 'atexit', 'multiprocessing', 'fork', 'forkpty', 'getppid', 'umask', 'nice',
                     'setuid', 'setgid', 'seteuid', 'setegid', 'setpriority', 'sched_setaffinity', 'chroot', 'closerange', 'dup2', 'prctl',
                     'set_start_method', 'setswitchinterval', 'addaudithook', 'set_int_max_str_digits', 'meta_path', 'path_hooks'))
INDIRECT = frozenset(('setattr', 'delattr', 'vars', 'exec', 'eval', '__dict__', '__setattr__', '__delattr__', 'modules', 'reload', '__import__',
                      'getattr', 'import_module'))


class Script:
    __slots__ = ('code', 'file', 'lines', 'has_return', 'lasts', 'may_patch', 'names', 'imports')


def compile_script(source, file):
    tree = ast.parse(source, file)
    names, imports = builtins.set(), []
    may_patch = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
            if not isinstance(node.ctx, ast.Load) and not (isinstance(node.value, ast.Name) and node.value.id in ('self', 'cls')):
                may_patch = True
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Attribute):
            may_patch = may_patch or node.value.attr in ('modules', '__dict__')
        elif isinstance(node, ast.Import):
            for alias in node.names:
                names.update(alias.name.split('.'))
                imports.append(alias.name)
        elif isinstance(node, ast.ImportFrom):
            names.update((node.module or '').split('.'))
            if node.module and not node.level:
                imports.append(node.module)
            names.update(alias.name for alias in node.names)
    if '__kdeps_' in source:
        tree = Binder().visit(tree)
    script = Script()
    script.file = file
    script.has_return = any(isinstance(node, ast.Return) for node, inner in top_level(tree.body))
    if script.has_return:
        with_return(tree)
    script.code = compile(tree, file, 'exec', dont_inherit=True)
    script.names = frozenset(names)
    script.imports = imports
    script.lasts = not LASTING.isdisjoint(names)
    script.may_patch = may_patch or not INDIRECT.isdisjoint(names)
    script.lines = source.splitlines(keepends=True)
    return script


def check_script(source, file):
    """None, or what is wrong as (message, line, column)."""
    try:
        compile_script(source, file)
    except SyntaxError as error:
        return f'{type(error).__name__}: {error.msg}', error.lineno or 1, error.offset or 1
    except (ValueError, RecursionError, MemoryError) as error:
        return f'{type(error).__name__}: {error}', 1, 1
    return None


# Running.

def describe(error, script):
    """Type, message, line in the script, its source."""
    line = 0
    if isinstance(error, SyntaxError) and script is not None and error.filename == script.file:
        line = error.lineno or 0
    at = error.__traceback__
    while at is not None:
        if script is not None and at.tb_frame.f_code.co_filename == script.file:
            line = at.tb_lineno
        at = at.tb_next
    source = script.lines[line - 1].strip() if script is not None and 0 < line <= len(script.lines) else ''
    try:
        message = str(error)
    except Exception:
        message = ''
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ in ('builtins', '__main__', 'kdeps') else f'{kind.__module__}.{kind.__qualname__}'
    return name, message, line, source


def execute(script, names, environment):
    """(ending, value): 0 returned, 1 finished, 2 exited, 3 raised; `names` is fresh."""
    if environment:
        os.environ.update(environment)
    if script.may_patch:
        # What the script imports is loaded before, so that all that it changes there can be seen.
        for name in script.imports:
            try:
                __import__(name)
            except Exception:
                pass
        guard.take()
    names.update(__builtins__=builtins, __file__=script.file, get=get, set=set, info=info, __kdeps_end__=END, __kdeps_text__=to_text,
                 __kdeps_star__=import_star)
    linecache.cache[script.file] = (0, None, script.lines, script.file)
    try:
        exec(script.code, names)
        if not script.has_return:
            return 1, None
        value = names.pop('__script__')()
        return (1, None) if value is END else (0, value)
    except SystemExit as error:
        code = error.code
        if code is None or code is False:
            return 2, 0
        if not isinstance(code, int):
            report(str(code) + '\n')
            return 2, 1
        return 2, code & 0xFF
    except BaseException as error:
        shown = error.__traceback__.tb_next or error.__traceback__
        try:
            report(''.join(traceback.format_exception(type(error), error, shown)))
        except Exception:
            pass
        return 3, describe(error, script)


def report(text):
    # Through the stream of this call, whatever the script has made of sys.stderr.
    streams[1].write(text)


streams = [None, None]


def flush():
    for stream in (sys.stdout, sys.stderr, streams[0], streams[1]):
        if stream is None or getattr(stream, 'closed', False):
            continue
        try:
            stream.flush()
        except Exception:
            pass


def new_stream(number):
    raw = io.BufferedWriter(io.FileIO(number, 'w', closefd=False), 1 << 16)
    return io.TextIOWrapper(raw, encoding='utf-8', errors='backslashreplace', line_buffering=number == 2)


class Guard:
    """What a call may change of the process, and how it was."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = dict(os.environ._data)
        self.path = list(sys.path)
        self.hooks = (sys.displayhook, sys.excepthook)
        self.limit = sys.getrecursionlimit()
        self.filters = list(warnings.filters)
        self.modules = None

    def take(self):
        """Attributes of all modules: the script may set some."""
        self.modules = [(module, dict(vars(module))) for module in list(sys.modules.values()) if isinstance(module, types.ModuleType)]
        self.loaded = dict(sys.modules)

    def put_back(self, names):
        if self.modules is not None:
            for name, module in self.loaded.items():
                sys.modules[name] = module
            for module, before in self.modules:
                now = vars(module)
                if module is this:
                    continue
                for key in [key for key in now if key not in before]:
                    # A submodule that the script imported is an attribute of its package.
                    if not (isinstance(now[key], types.ModuleType) and f'{module.__name__}.{key}' in sys.modules):
                        del now[key]
                for key, value in before.items():
                    if now.get(key, END) is not value:
                        now[key] = value
            self.modules = self.loaded = None
        if os.environ._data != self.environment:
            os.environ.clear()
            for key, value in self.environment.items():
                os.environ[os.fsdecode(key)] = os.fsdecode(value)
        if sys.path != self.path:
            sys.path[:] = self.path
        sys.displayhook, sys.excepthook = self.hooks
        if sys.gettrace() is not None:
            sys.settrace(None)
        if sys.getprofile() is not None:
            sys.setprofile(None)
        if sys.getrecursionlimit() != self.limit:
            sys.setrecursionlimit(self.limit)
        if warnings.filters != self.filters:
            warnings.filters[:] = self.filters
            warnings._filters_mutated()
        if 'seed' in names:
            for module in ('random', 'numpy.random'):
                if module in sys.modules:
                    sys.modules[module].seed()
        if 'logging' in names:
            logging = sys.modules['logging']
            logging.root.handlers.clear()
            logging.root.setLevel(logging.WARNING)
            logging.disable(logging.NOTSET)
        if 'decimal' in sys.modules and names & {'decimal', 'getcontext', 'setcontext'}:
            decimal.setcontext(decimal.DefaultContext.copy())
        if not gc.isenabled():
            gc.enable()
        os.chdir(self.folder)


def has_threads():
    return _thread._count() > 0


def prepare():
    """Fresh streams and a fresh main module for the next call; gives its names."""
    sys.stdout, sys.stderr = streams[:] = new_stream(1), new_stream(2)
    if sys.stdin is None or sys.stdin.closed:
        sys.stdin = open(os.devnull)
    main = types.ModuleType('__main__')
    sys.modules['__main__'] = main
    return vars(main)


def clean(script, names):
    """After the answer is sent: what the call has left is taken back."""
    names.clear()
    linecache.cache.pop(script.file, None) if script is not None else None
    guard.put_back(script.names if script is not None else ())


def begin(folder):
    global guard, this
    this = sys.modules['kdeps']
    if folder:
        os.chdir(folder)
    if sys.path and sys.path[0] == '':
        del sys.path[0]
    sys.path.insert(0, os.getcwd())
    sys.argv = ['']
    guard = Guard(os.getcwd())
    gc.collect()
    gc.freeze()
