/* SPDX-License-Identifier: Apache-2.0 */
/* rule_keeper.c - what is counted of a container, and when somebody speaks up. Nothing of it is config.json's to ask for. */
#include "base/str.h"
#include "policy/rules.h"

#define POINTER "/hardening/keeper"

enum { INTERVAL_MS = 15000, THROTTLE_PERCENT = 20 };

static const struct defaults {
	const char *name;
	uint64_t percent, spread, count, window_ms;
} defaults[] = {
	{"cpu", 80, 0, 0, UINT64_C(5) * 60000},
	{"steady", 95, 3, 0, UINT64_C(10) * 60000},
	{"destinations", 0, 0, 20, 60000},
	{"writes", 0, 0, 20, 60000},
};

static uint64_t number_or(const struct bw_opt_uint *number, uint64_t otherwise)
{
	return number->set ? number->v : otherwise;
}

static uint64_t time_or(const char *text, uint64_t otherwise)
{
	int64_t ms;

	return text && bw_parse_duration_ms(text, &ms) == 0 && ms > 0 ? (uint64_t)ms : otherwise;
}

bool bw_alert_terms(const char *name, const struct bw_profile_alert *alert, struct bw_alert_terms *ret)
{
	const struct defaults *d = defaults;

	while (!bw_streq(d->name, name))
		d++;
	if (!alert || bw_streq0(alert->action, "off"))
		return false;
	*ret = (struct bw_alert_terms){
		.action = alert->action ? alert->action : "alert",
		.percent = number_or(&alert->percent, d->percent),
		.spread = number_or(&alert->spread, d->spread),
		.count = number_or(&alert->count, d->count),
		.window_ms = time_or(alert->window, d->window_ms),
	};
	return true;
}

/* Zeros are left out: what a kind of alert does not have. */
static void change_number(
	struct bw_run *r, const struct bw_opt_uint *member, uint64_t value, const char *name, const char *key)
{
	if (value)
		bw_change_uint(r, member, value, bw_text(r, POINTER "/%s/%s", name, key), "when somebody is told");
}

static void put_alert(struct bw_run *r, struct bw_spec_alert *const *member, const char *name,
	const struct bw_profile_alert *policy)
{
	const struct bw_spec_alert *alert;
	struct bw_alert_terms terms;

	if (!bw_alert_terms(name, policy, &terms))
		return;
	alert = bw_ensure(r, member);
	if (!alert)
		return;
	/* An audit is to break nothing. */
	if (bw_streq0(r->profile->mode, "audit"))
		terms.action = "alert";
	bw_change_string(r, &alert->action, terms.action, bw_text(r, POINTER "/%s/action", name), "what is done then");
	change_number(r, &alert->percent, terms.percent, name, "percent");
	change_number(r, &alert->spread, terms.spread, name, "spread");
	change_number(r, &alert->count, terms.count, name, "count");
	change_number(r, &alert->window_ms, terms.window_ms, name, "windowMs");
}

static bool speaks(const struct bw_profile_alerts *alerts)
{
	struct bw_alert_terms terms;

	return alerts && (bw_alert_terms("cpu", alerts->cpu, &terms) || bw_alert_terms("steady", alerts->steady, &terms) ||
				 bw_alert_terms("destinations", alerts->destinations, &terms) ||
				 bw_alert_terms("writes", alerts->writes, &terms));
}

/* Warden and witness write down what they deny; the keeper brings it into the trail. */
static bool has_denials_to_record(const struct bw_spec_hardening *h)
{
	return h->audit && (h->egress || (h->programs && h->programs->events));
}

void bw_rule_keeper(struct bw_run *r)
{
	const struct bw_profile_metrics *metrics = r->profile->metrics;
	const struct bw_profile_alerts *alerts = r->profile->alerts;
	const char *record = metrics && metrics->record && !bw_streq(metrics->record, "off") ? metrics->record : NULL;
	const struct bw_spec_keeper *keeper;

	if (!r->spec->hardening || (!record && !speaks(alerts) && !has_denials_to_record(r->spec->hardening)))
		return;
	keeper = bw_ensure(r, &r->spec->hardening->keeper);
	if (!keeper)
		return;
	if (record)
		bw_change_string(r, &keeper->metrics, record, POINTER "/metrics",
			"what a container has done is known when it has ended");
	bw_change_uint(r, &keeper->interval_ms, time_or(metrics ? metrics->interval : NULL, INTERVAL_MS),
		POINTER "/intervalMs", "how often it is looked at");
	bw_change_uint(r, &keeper->throttle_percent,
		alerts ? number_or(&alerts->throttle_percent, THROTTLE_PERCENT) : THROTTLE_PERCENT,
		POINTER "/throttlePercent", "what throttle leaves");
	if (!alerts)
		return;
	put_alert(r, &keeper->cpu, "cpu", alerts->cpu);
	put_alert(r, &keeper->steady, "steady", alerts->steady);
	put_alert(r, &keeper->destinations, "destinations", alerts->destinations);
	put_alert(r, &keeper->writes, "writes", alerts->writes);
}
