# SPDX-License-Identifier: Apache-2.0
"""Checks YAML files against a JSON Schema as an editor's language server does, each document by itself.

usage: check_schema.py SCHEMA FILE...   one line for each fault: FILE: path.of.the.key: message
"""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 knows no dates and no yes/no: what looks like one is a text."""


BOOL = "tag:yaml.org,2002:bool"
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (BOOL, "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def leaves(error):
    """What is wrong inside of anyOf and the like, as editors show it: the deepest faults."""
    if not error.context:
        return [error]
    deepest = max(len(e.absolute_path) for e in error.context)
    return [leaf for e in error.context if len(e.absolute_path) == deepest for leaf in leaves(e)]


def main():
    with open(sys.argv[1], encoding="utf-8") as stream:
        schema = json.load(stream)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    is_well = True
    for file in sys.argv[2:]:
        with open(file, encoding="utf-8") as stream:
            documents = list(yaml.load_all(stream, Loader))
        for document in documents:
            for error in validator.iter_errors(document):
                for leaf in leaves(error):
                    is_well = False
                    print(f"{file}: {'.'.join(map(str, leaf.absolute_path))}: {leaf.message}")
    return 0 if is_well else 1


sys.exit(main())
