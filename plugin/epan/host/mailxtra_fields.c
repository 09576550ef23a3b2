/* mailxtra_fields.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mailxtra_fields.h"

#include "frame_scope.h"

#include <epan/tap.h>

#define X(id, name, type, display, strings, title, text) int hf_mailxtra_##id = -1;
MAILXTRA_FIELD_LIST(X)
#undef X

#define X(id) int ett_mailxtra_##id = -1;
MAILXTRA_SUBTREE_LIST(X)
#undef X

int hf_mailxtra_imap_item[IMAP_ITEM_COUNT];

static expert_field ei_anomaly[ANOMALY_COUNT];

const fragment_items mailxtra_fragment_items = {
    &ett_mailxtra_fragment,
    &ett_mailxtra_fragments,
    &hf_mailxtra_fragments,
    &hf_mailxtra_fragment,
    &hf_mailxtra_fragment_overlap,
    &hf_mailxtra_fragment_overlap_conflicts,
    &hf_mailxtra_fragment_multiple_tails,
    &hf_mailxtra_fragment_too_long,
    &hf_mailxtra_fragment_error,
    &hf_mailxtra_fragment_count,
    &hf_mailxtra_reassembled_in,
    &hf_mailxtra_reassembled_length,
    NULL,
    "Message fragments",
};

static int severity_of(anomaly_weight weight)
{
    switch (weight) {
    case ANOMALY_NOTE:
        return PI_NOTE;
    case ANOMALY_WARN:
        return PI_WARN;
    default:
        return PI_ERROR;
    }
}

static void register_expert_infos(int proto)
{
    static ei_register_info infos[ANOMALY_COUNT];
    for (int kind = 0; kind < ANOMALY_COUNT; kind++) {
        const anomaly_info *anomaly = anomaly_describe((anomaly_kind)kind);
        ei_anomaly[kind] = (expert_field)EI_INIT;
        infos[kind] = (ei_register_info){&ei_anomaly[kind],
                                         {wmem_strdup_printf(wmem_epan_scope(), "mailxtra.expert.%s", anomaly->name),
                                          PI_PROTOCOL, severity_of(anomaly->weight), anomaly->text, EXPFILL}};
    }
    expert_register_field_array(expert_register_protocol(proto), infos, ANOMALY_COUNT);
}

#define IMAP_TYPE_STRING FT_STRING, BASE_NONE
#define IMAP_TYPE_NUMBER FT_UINT64, BASE_DEC

static void register_imap_fields(int proto)
{
    static hf_register_info fields[] = {
#define X(id, name, type, title, text)                                                                                 \
    {&hf_mailxtra_imap_item[IMAP_ITEM_##id], {title, "mailxtra.imap." name, IMAP_TYPE_##type, NULL, 0, text, HFILL}},
        IMAP_ITEM_LIST(X)
#undef X
    };
    for (guint i = 0; i < array_length(hf_mailxtra_imap_item); i++)
        hf_mailxtra_imap_item[i] = -1;
    proto_register_field_array(proto, fields, array_length(fields));
}

void mailxtra_fields_register(int proto)
{
    static hf_register_info fields[] = {
#define X(id, name, type, display, strings, title, text)                                                               \
    {&hf_mailxtra_##id, {title, "mailxtra." name, type, display, strings, 0, text, HFILL}},
        MAILXTRA_FIELD_LIST(X)
#undef X
    };
    static int *subtrees[] = {
#define X(id) &ett_mailxtra_##id,
        MAILXTRA_SUBTREE_LIST(X)
#undef X
    };
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(subtrees, array_length(subtrees));
    register_imap_fields(proto);
    register_expert_infos(proto);
}

/* Wireshark's own fields of expert infos; one that a version lacks is skipped. */
static gboolean wants_expert_fields(proto_tree *tree)
{
    static const char *const names[] = {"_ws.expert", "_ws.expert.message", "_ws.expert.severity", "_ws.expert.group"};
    static int ids[G_N_ELEMENTS(names)];
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (ids[i] == 0)
            ids[i] = proto_registrar_get_id_byname(names[i]);
        if (ids[i] > 0 && proto_field_is_referenced(tree, ids[i]))
            return TRUE;
    }
    return FALSE;
}

gboolean mailxtra_expert_is_wanted(void)
{
    static int expert_tap;
    if (expert_tap == 0)
        expert_tap = find_tap_id("expert");
    return expert_tap > 0 && have_tap_listener(expert_tap);
}

gboolean mailxtra_wants_anomalies(proto_tree *tree, anomaly_set anomalies)
{
    if (mailxtra_expert_is_wanted())
        return TRUE;
    if (!tree)
        return FALSE;
    if (wants_expert_fields(tree) || proto_field_is_referenced(tree, hf_mailxtra_finding))
        return TRUE;
    for (int kind = 0; kind < ANOMALY_COUNT; kind++) {
        if ((anomalies & ANOMALY_BIT(kind)) && proto_field_is_referenced(tree, ei_anomaly[kind].hf))
            return TRUE;
    }
    return FALSE;
}

/* Expert infos of ours in one frame: Wireshark keeps 5,000 entries for all taps of a packet, and drops the rest. */
#define LIMIT_FRAME_FINDINGS 2000

/* The field of it, beside the expert info. */
static void add_finding_field(proto_item *item, const char *text)
{
    proto_tree *tree = item ? proto_item_get_subtree(item) : NULL;
    if (tree && proto_field_is_referenced(tree, hf_mailxtra_finding))
        proto_item_set_hidden(proto_tree_add_string(tree, hf_mailxtra_finding, NULL, 0, 0, text));
}

void mailxtra_add_anomaly_text(packet_info *pinfo, proto_item *item, anomaly_kind kind, const char *text)
{
    guint *count = frame_scope_block(pinfo, FRAME_FINDINGS, sizeof *count, NULL);
    if (*count > LIMIT_FRAME_FINDINGS)
        return;
    if (++*count > LIMIT_FRAME_FINDINGS) {
        kind = ANOMALY_MORE_FINDINGS;
        text = anomaly_describe(kind)->text;
    }
    expert_add_info_format(pinfo, item, &ei_anomaly[kind], "%s", text);
    add_finding_field(item, text);
}

void mailxtra_add_anomalies(packet_info *pinfo, proto_item *item, anomaly_set anomalies)
{
    for (int kind = 0; kind < ANOMALY_COUNT && anomalies; kind++) {
        if (anomalies & ANOMALY_BIT(kind))
            mailxtra_add_anomaly_text(pinfo, item, (anomaly_kind)kind, anomaly_describe((anomaly_kind)kind)->text);
        anomalies &= ~ANOMALY_BIT(kind);
    }
}
