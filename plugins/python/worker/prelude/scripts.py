# SPDX-License-Identifier: Apache-2.0
# Compiles scripts: {{ }} inside of strings, return at top level, and what the text tells of the effects.
import ast
import builtins
import linecache
import re

MARKER = re.compile(r'__kdeps_\d+__')
END = object()


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
# What these change is looked for after the call.
CAREFUL = frozenset(('seed', 'logging', 'decimal', 'getcontext', 'setcontext', 'reconfigure', 'detach'))


def remember_lines(script):
    """For tracebacks, also those that a script makes itself."""
    linecache.cache[script.file] = (0, None, script.lines, script.file)


class Script:
    __slots__ = ('code', 'file', 'lines', 'has_return', 'lasts', 'may_patch', 'needs_care', 'names', 'imports')


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
    script.needs_care = script.may_patch or not CAREFUL.isdisjoint(names)
    script.lines = source.splitlines(keepends=True)
    remember_lines(script)
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
