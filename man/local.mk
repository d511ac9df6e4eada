# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += \
	man/bulwark-audit.8 \
	man/bulwark-check.8 \
	man/bulwark-checkpoint.8 \
	man/bulwark-completion.8 \
	man/bulwark-create.8 \
	man/bulwark-delete.8 \
	man/bulwark-events.8 \
	man/bulwark-exec.8 \
	man/bulwark-explain.8 \
	man/bulwark-features.8 \
	man/bulwark-help.8 \
	man/bulwark-keeper.8 \
	man/bulwark-kill.8 \
	man/bulwark-kill-switch.8 \
	man/bulwark-list.8 \
	man/bulwark-metrics.8 \
	man/bulwark-pause.8 \
	man/bulwark-plan.8 \
	man/bulwark-policy.5 \
	man/bulwark-policy.8 \
	man/bulwark-ps.8 \
	man/bulwark-reap.8 \
	man/bulwark-restore.8 \
	man/bulwark-resume.8 \
	man/bulwark-run.8 \
	man/bulwark-spec.8 \
	man/bulwark-stage.8 \
	man/bulwark-start.8 \
	man/bulwark-state.8 \
	man/bulwark-update.8 \
	man/bulwark-version.8 \
	man/bulwark-warden.8 \
	man/bulwark-why.8 \
	man/bulwark-witness.8 \
	man/bulwark.8 \
	man/containerd-shim-bulwark-v2.8
EXTRA_DIST += man/policy-rows.sh
