/* SPDX-License-Identifier: Apache-2.0 */
/* An executor in C: makes a slug of a text, "Tea & Milk" becomes "tea-milk". */
#include <kdeps/kdeps.h>
#include <stdlib.h>
#include <string.h>

#define STR(literal) \
    { literal, sizeof(literal) - 1 }

struct kdeps_instance {
    const kdeps_host* host;
    const kdeps_values* values;
    const kdeps_expressions* expressions;
    const kdeps_diagnostics* diagnostics;
};

/* A compiled step: the configuration lives as long as the step. */
struct kdeps_step {
    const kdeps_instance* plugin;
    kdeps_value text;
};

static const kdeps_str kText = STR("text");

static kdeps_status fail(const kdeps_instance* plugin, kdeps_call* call, kdeps_status status, const char* message) {
    kdeps_error error = {0};
    error.struct_size = sizeof(error);
    error.status = status;
    error.sql_offset = -1;
    error.batch_set = -1;
    error.message.data = message;
    error.message.size = strlen(message);
    return plugin->host->fail(call, &error);
}

static kdeps_status compile(kdeps_instance* plugin, kdeps_call* call, kdeps_value config, kdeps_step** out) {
    /* No call: what is found lives as long as the configuration. */
    const kdeps_value text = plugin->values->find(NULL, config, kText);
    kdeps_step* step;
    if (text == NULL) {
        const kdeps_str message = STR("'text' is missing; give the text to make a slug of");
        plugin->diagnostics->report(call, KDEPS_FAULT_ERROR, config, 0, message);
        return fail(plugin, call, KDEPS_INVALID_ARGUMENT, "'text' is missing");
    }
    step = malloc(sizeof(*step));
    if (step == NULL) {
        return fail(plugin, call, KDEPS_EXHAUSTED, "not enough memory");
    }
    step->plugin = plugin;
    step->text = text;
    *out = step;
    return KDEPS_OK;
}

/* Writes at most text.size bytes; the number of them. */
static size_t make_slug(kdeps_str text, char* out) {
    size_t size = 0;
    for (size_t i = 0; i < text.size; ++i) {
        const char c = text.data[i];
        const char lower = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
            out[size++] = lower;
        } else if (size > 0 && out[size - 1] != '-') {
            out[size++] = '-';
        }
    }
    return size > 0 && out[size - 1] == '-' ? size - 1 : size;
}

static kdeps_status run(kdeps_step* step, kdeps_call* call, kdeps_value* out) {
    const kdeps_instance* plugin = step->plugin;
    kdeps_value text = NULL;
    kdeps_cell cell;
    const kdeps_status status = plugin->expressions->evaluate(call, step->text, &text);
    if (status != KDEPS_OK) {
        return status; /* the host has recorded why */
    }
    if (plugin->values->kind(text) != KDEPS_STRING || plugin->values->cell(text, &cell) != KDEPS_OK) {
        return fail(plugin, call, KDEPS_INVALID_ARGUMENT, "'text' must be a string");
    }
    char* slug = malloc(cell.as.s.size + 1);
    if (slug == NULL) {
        return fail(plugin, call, KDEPS_EXHAUSTED, "not enough memory");
    }
    cell.as.s.size = make_slug(cell.as.s, slug);
    cell.as.s.data = slug;
    *out = plugin->values->new_cell(call, &cell); /* copies the text */
    free(slug);
    return KDEPS_OK;
}

static void destroy(kdeps_step* step) { free(step); }

static const kdeps_executor kExecutor = {
    .struct_size = sizeof(kdeps_executor),
    .flags = KDEPS_EXECUTOR_PURE,
    .run_key = STR("slug"),
    .config_schema = STR("{\"type\": \"object\", \"properties\": {\"text\": {}}, \"required\": [\"text\"], "
                         "\"additionalProperties\": false}"),
    .compile = compile,
    .run = run,
    .destroy = destroy,
};

static kdeps_status init(const kdeps_host* host, kdeps_call* call, kdeps_instance** out) {
    kdeps_instance* plugin = malloc(sizeof(*plugin));
    (void)call;
    if (plugin == NULL) {
        return KDEPS_EXHAUSTED;
    }
    plugin->host = host;
    plugin->values = host->get_extension(host, KDEPS_VALUE_ID);
    plugin->expressions = host->get_extension(host, KDEPS_EXPRESSION_ID);
    plugin->diagnostics = host->get_extension(host, KDEPS_DIAGNOSTICS_ID);
    if (plugin->values == NULL || plugin->expressions == NULL || plugin->diagnostics == NULL) {
        free(plugin);
        return KDEPS_UNSUPPORTED;
    }
    *out = plugin;
    return KDEPS_OK;
}

static const void* get_interface(kdeps_instance* plugin, const char* id) {
    (void)plugin;
    return strcmp(id, KDEPS_EXECUTOR_ID) == 0 ? &kExecutor : NULL;
}

static void shut_down(kdeps_instance* plugin) { free(plugin); }

static const kdeps_plugin kPlugin = {
    .struct_size = sizeof(kdeps_plugin),
    .abi_major = KDEPS_ABI_MAJOR,
    .abi_minor = KDEPS_ABI_MINOR,
    .min_host_minor = KDEPS_TARGET_MINOR,
    .id = STR("com.example.slug"),
    .version = STR("1.0.0"),
    .summary = STR("Makes slugs"),
    .init = init,
    .get_interface = get_interface,
    .shutdown = shut_down,
};

const kdeps_plugin* kdeps_plugin_entry_v1(void) { return &kPlugin; }
