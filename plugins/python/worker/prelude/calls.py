# SPDX-License-Identifier: Apache-2.0
# A call: what scripts ask, how they fail, and how the process is made as it was.
import builtins
import decimal
import gc
import io
import linecache
import os
import sys
import traceback
import types
import warnings

SOURCES = frozenset(('item', 'loop', 'memory', 'app', 'session', 'output', 'param', 'query', 'path', 'header', 'body', 'data', 'file',
                     'filepath', 'filetype', 'info', 'env', 'itemvalues', 'error'))


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


def failed(error, script):
    """(ending, value) of a call that raised: 2 exited, 3 raised."""
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or code is False:
            return 2, 0
        if not isinstance(code, int):
            report(str(code) + '\n')
            return 2, 1
        return 2, code & 0xFF
    try:
        remember_lines(script)
        report(''.join(traceback.format_exception(type(error), error, error.__traceback__)))
    except Exception:
        pass
    return 3, describe(error, script)


def report(text):
    # Through the stream of this call, whatever the script has made of sys.stderr.
    streams[1].write(text)


streams = [None, None]


def flush():
    for stream in (sys.stdout, sys.stderr, streams[0], streams[1]):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            pass  # detached, or no stream at all


def new_stream(number):
    raw = io.BufferedWriter(io.FileIO(number, 'w', closefd=False), 1 << 16)
    return io.TextIOWrapper(raw, encoding='utf-8', errors='backslashreplace', line_buffering=number == 2)


def new_streams():
    sys.stdout, sys.stderr = streams[:] = new_stream(1), new_stream(2)
    if sys.stdin is None or sys.stdin.closed:
        sys.stdin = open(os.devnull)
    return tuple(streams)


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

    def take(self, script):
        """Attributes of all modules: the script may set some, also of those that it imports, which are therefore loaded before."""
        for name in script.imports:
            try:
                __import__(name)
            except Exception:
                pass
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
        now = os.environ._data
        if now != self.environment:
            for key in [key for key in now if key not in self.environment]:
                del os.environ[os.fsdecode(key)]
            for key, value in self.environment.items():
                if now.get(key) != value:
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
        if '_socket' in sys.modules:
            sys.modules['_socket'].setdefaulttimeout(None)
        if '_csv' in sys.modules:
            sys.modules['_csv'].field_size_limit(131072)
        os.chdir(self.folder)


def first_names():
    """What every main module begins with."""
    return {'__builtins__': builtins, 'get': get, 'set': set, 'info': info, '__kdeps_end__': END, '__kdeps_text__': to_text,
            '__kdeps_star__': import_star}


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
