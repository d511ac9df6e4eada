/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the rows of the configuration; see bulwark-keeper(8), which has a paragraph for each. */
#include "keeper/settings.h"

/* The greatest that can be added to a clock of milliseconds. */
#define MAX_MS (INT64_MAX / 4)

static const char *const actions[] = {"alert", "throttle", "kill", NULL};
static const struct bw_field alert_fields[] = {
	BW_FIELD(struct bw_keeper_alert, action, "action", .flags = BW_REQUIRED, .names = actions,
		.doc = "What is done."),
	BW_FIELD(struct bw_keeper_alert, percent, "percent", .max = 100,
		.doc = "Load, of the processor time that it may have."),
	BW_FIELD(struct bw_keeper_alert, spread, "spread", .max = 100, .doc = "Percentage points."),
	BW_FIELD(struct bw_keeper_alert, count, "count", .doc = "Number of events."),
	BW_FIELD(struct bw_keeper_alert, window_ms, "windowMs", .flags = BW_REQUIRED, .min = 1, .max = MAX_MS,
		.doc = "Milliseconds that are looked at."),
	BW_END,
};
static const struct bw_schema alert_schema = {"alert", sizeof(struct bw_keeper_alert), BW_UNKNOWN_REFUSE, alert_fields};

static const struct bw_field fields[] = {
	BW_FIELD(struct bw_keeper_settings, root, "root", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "Where the container's directory lies."),
	BW_FIELD(struct bw_keeper_settings, id, "id", .flags = BW_REQUIRED | BW_NOT_EMPTY, .doc = "The container."),
	BW_FIELD(struct bw_keeper_settings, tenant, "tenant", .doc = "Whose it is."),
	BW_FIELD(struct bw_keeper_settings, session, "session", .doc = "Of which session."),
	BW_FIELD(struct bw_keeper_settings, profile, "profile", .doc = "The profile that decided."),
	BW_FIELD(struct bw_keeper_settings, policy, "policy", .doc = "The hash of the policy file."),
	BW_FIELD(struct bw_keeper_settings, ttl_ms, "ttlMs", .min = 1, .max = MAX_MS,
		.doc = "Milliseconds that it may live from its start on; when absent, somebody else sees to it, or nobody."),
	BW_FIELD(struct bw_keeper_settings, grace_ms, "graceMs", .max = MAX_MS,
		.doc = "Milliseconds between SIGTERM and SIGKILL then."),
	BW_FIELD(struct bw_keeper_settings, metrics, "metrics", .doc = "Whether numbers are written."),
	BW_FIELD(struct bw_keeper_settings, listen, "listen", .doc = "Whether the kernel's audit log is to be listened to."),
	BW_FIELD(struct bw_keeper_settings, interval_ms, "intervalMs", .min = 1, .max = MAX_MS,
		.doc = "Milliseconds between two looks; when absent there is none."),
	BW_FIELD(struct bw_keeper_settings, throttle_percent, "throttlePercent", .min = 1, .max = 100,
		.doc = "What throttle leaves of the processor time."),
	BW_NESTED(struct bw_keeper_settings, cpu, "cpu", &alert_schema, .doc = "Much load."),
	BW_NESTED(struct bw_keeper_settings, steady, "steady", &alert_schema, .doc = "Steady load without input and output."),
	BW_NESTED(struct bw_keeper_settings, destinations, "destinations", &alert_schema, .doc = "Many denied destinations."),
	BW_NESTED(struct bw_keeper_settings, writes, "writes", &alert_schema, .doc = "Many denied writes."),
	BW_NESTED(struct bw_keeper_settings, audit, "audit", &bw_audit_trail_schema, .doc = "Where records go."),
	BW_END,
};

const struct bw_schema bw_keeper_settings_schema = {
	"keeper", sizeof(struct bw_keeper_settings), BW_UNKNOWN_REFUSE, fields};

int bw_keeper_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_keeper_settings **ret,
	struct bw_err *err)
{
	struct bw_json *tree;
	void *object;

	if (bw_json_parse(text, len, "configuration", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_keeper_settings_schema, tree, BW_E_SPEC, arena, &object, NULL, err) < 0)
		return -1;
	*ret = object;
	return 0;
}
