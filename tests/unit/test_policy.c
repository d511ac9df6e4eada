/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy.c - the policy file: what is refused and in which words, folding, strictness,
 * choosing. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "policy/facts.h"

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static const struct bw_policy *parse(const char *text)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_msg(
		bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err) == 0,
		"%s: %s", err.text, text);
	return policy;
}

/* ---- what is refused ---- */

static const struct {
	const char *text, *says;
} wrong[] = {
	{"{}", "policy.json: /version: is required"},
	{"{\"version\":2}", "policy.json: /version: must be a number from 1 to 1, not 2"},
	{"{\"version\":1,\"defualt\":\"compat\"}",
		"policy.json: /defualt: is not a known property"},
	{"{\"version\":1,\"default\":\"loose\"}",
		"policy.json: /default: there is no profile \"loose\""},
	{"{\"version\":1,\"default\":\"a/b\"}",
		"policy.json: /default: \"a/b\" is not a profile name: letters, digits, '-', '_' "
		"and '.', at most 64"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"caller.root\":\"/"
	 "x\"},\"profile\":\"b\"}]}",
		"policy.json: /rules/0/profile: there is no profile \"b\""},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{},\"profile\":\"compat\"}]}",
		"policy.json: /rules/0/when: must not be empty"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"image\":\"/"
	 "x\"},\"profile\":\"compat\"}]}",
		"policy.json: /rules/0/when: \"image\" is no fact; facts are docker.*, cri.*, "
		"cgroup.* and caller.* "
		"(bulwark-policy(5))"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"cri.pod\":[]},\"profile\":\"compat\"}"
	 "]}",
		"policy.json: /rules/0/when: \"cri.pod\" has no value to match"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"cri.x\":\"y\"},\"profile\":\"compat\"}"
	 "]}",
		"policy.json: /rules/0/when: \"cri.x\" is no fact; facts are docker.*, cri.*, "
		"cgroup.* and caller.* (bulwark-policy(5))"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"cri.absent\":\"x\"},\"profile\":\"compat\"}"
	 "]}",
		"policy.json: /rules/0/when: \"cri.x\" is no fact; facts are docker.*, cri.*, "
		"cgroup.* and caller.* (bulwark-policy(5))"},
	{"{\"version\":1,\"rules\":[{\"name\":\"a\",\"when\":{\"docker.name.absent\":\"x\"},\"profile\":"
	 "\"compat\"}]}",
		"policy.json: /rules/0/when: \"docker.name.absent\" is no fact; facts are docker.*, cri.*, "
		"cgroup.* and caller.* (bulwark-policy(5))"},
	{"{\"version\":1,\"docker\":{\"dataRoots\":[\"/var/lib/docker\",\"docker\"]}}",
		"policy.json: /docker/dataRoots: \"docker\" is not an absolute path without //, . and .."},
	{"{\"version\":1,\"metrics\":{\"emf\":\"emf.log\"}}",
		"policy.json: /metrics/emf: \"emf.log\" is not an absolute path without //, . and .."},
	{"{\"version\":1,\"metrics\":{\"namespace\":\"AWS/ECS\"}}",
		"policy.json: /metrics/namespace: \"AWS/ECS\" is no namespace of CloudWatch: 1 to 255 letters, digits, and . - _ / # : and not AWS/ at the beginning"},
	{"{\"version\":1,\"docker\":{\"dataRoots\":[\"/var/../docker\"]}}",
		"policy.json: /docker/dataRoots: \"/var/../docker\" is not an absolute path without //, . and .."},
	{"{\"version\":1,\"docker\":{\"unreadable\":\"compat\"}}",
		"policy.json: /docker/unreadable: must be one of default or refuse, not \"compat\""},
	{"{\"version\":1,\"annotations\":{\"profile\":[\"zzz\"]}}",
		"policy.json: /annotations/profile/0: there is no profile \"zzz\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"root\":\"kep\"}}}}",
		"policy.json: /profiles/x/user/root: must be one of keep, remap, userns or refuse, "
		"not \"kep\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"range\":{\"first\":70000,\"count\":1}}}}}",
		"policy.json: /profiles/x/user/range/first: 70000 is no multiple of 65536"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"range\":{\"first\":0,\"count\":1}}}}}",
		"policy.json: /profiles/x/user/range/first: must be a number from 65536 to 4294901759, not 0"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"range\":{\"first\":65536}}}}}",
		"policy.json: /profiles/x: user.range needs both first and count"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"range\":{\"first\":131072,\"count\":65534}}}}}",
		"policy.json: /profiles/x: user.range ends with id 4294967295, which is above 4294901759"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"uid\":0}}}}",
		"policy.json: /profiles/x/user/uid: must be a number from 1 to 4294967294, not 0"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"capabilities\":{\"allow\":[\"KILL\"]}}}}",
		"policy.json: /profiles/x/capabilities/allow: \"KILL\" is not a capability name "
		"such as "
		"CAP_NET_BIND_SERVICE"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"mounts\":{\"refuse\":[\"etc\"]}}}}",
		"policy.json: /profiles/x/mounts/refuse: \"etc\" is not an absolute path"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"y\"}}}",
		"policy.json: /profiles/x: there is no profile \"y\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"y\"},\"y\":{\"extends\":\"x\"}}}",
		"policy.json: /profiles/x: profile \"x\" extends itself by way of \"y\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"x\"}}}",
		"policy.json: /profiles/x: there is no profile \"x\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"network\":{\"host\":\"allow\"}}}}",
		"policy.json: /profiles/x: network.host is looser than in \"hardened\", and "
		"\"loosens\" does not name it"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"mounts\":{\"refuse\":[\"/mine\"]}}}}",
		"policy.json: /profiles/x: mounts.refuse is looser than in \"hardened\", and "
		"\"loosens\" does not name it"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"loosens\":[\"network.host\"]}}}",
		"policy.json: /profiles/x: \"loosens\" names network.host, which is not looser "
		"than in \"hardened\""},
	{"{\"version\":1,\"registries\":{\"npm\":[\"https://x\"]}}",
		"policy.json: /registries: \"https://x\" is not a host name in small letters"},
#define NO_NAME                                                                                    \
	" is not a host name in small letters, nor one behind \"*.\", nor a registry such as @npm"
#define EGRESS(members) "{\"version\":1,\"profiles\":{\"x\":{\"network\":{\"egress\":{" members "}}}}}"
#define AT_EGRESS	"policy.json: /profiles/x/network/egress/"
	{EGRESS("\"allow\":[\"Example.org\"]"), AT_EGRESS "allow: \"Example.org\"" NO_NAME},
	{EGRESS("\"allow\":[\"192.0.2.1\"]"), AT_EGRESS "allow: \"192.0.2.1\"" NO_NAME},
	{EGRESS("\"allow\":[\"a.*.b\"]"), AT_EGRESS "allow: \"a.*.b\"" NO_NAME},
	{EGRESS("\"allow\":[\"a..b\"]"), AT_EGRESS "allow: \"a..b\"" NO_NAME},
	{EGRESS("\"allow\":[\"example.org.\"]"), AT_EGRESS "allow: \"example.org.\"" NO_NAME},
	{EGRESS("\"allow\":[\"-a.b\"]"), AT_EGRESS "allow: \"-a.b\"" NO_NAME},
	{EGRESS("\"allow\":[\"a-.b\"]"), AT_EGRESS "allow: \"a-.b\"" NO_NAME},
	{EGRESS("\"allow\":[\"@\"]"), AT_EGRESS "allow: \"@\"" NO_NAME},
	{EGRESS("\"allow\":[\"*.\"]"), AT_EGRESS "allow: \"*.\"" NO_NAME},
	{EGRESS("\"plain\":[\"http://x\"]"), AT_EGRESS "plain: \"http://x\"" NO_NAME},
	{EGRESS("\"ports\":[0]"), AT_EGRESS "ports: 0 is not a port number"},
	{EGRESS("\"ports\":[443,80]"), AT_EGRESS "ports: 80 is a port of the gate itself"},
	{EGRESS("\"allow\":[\"localhost\"]"), AT_EGRESS "allow: \"localhost\"" NO_NAME},
	{EGRESS("\"ports\":[65536]"), AT_EGRESS "ports: 65536 is not a port number"},
	{EGRESS("\"refuse\":[\"10.0.0.0/33\"]"),
		AT_EGRESS "refuse: \"10.0.0.0/33\" is not an address, nor one with /PREFIX-LENGTH"},
	{EGRESS("\"nameservers\":[\"dns.example\"]"),
		AT_EGRESS "nameservers: \"dns.example\" is not an address"},
#define GATED(members)                                                                             \
	"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"network\":{\"egress\":{" members "}}}}}"
#define LOOSER "policy.json: /profiles/x: network.egress is looser than in \"untrusted-code\", and \"loosens\" does not name it"
	{GATED("\"allow\":[\"@npm\",\"example.org\"]"), LOOSER},
	{GATED("\"plain\":[\"example.org\"]"), LOOSER},
	{GATED("\"ports\":[443,8443]"), LOOSER},
	{GATED("\"restrict\":false"), LOOSER},
#define WATCHED(members) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\"," members "}}}"
#define LESS(row) "policy.json: /profiles/x: " row " is looser than in \"untrusted-code\", and \"loosens\" does not name it"
	{WATCHED("\"metrics\":{\"record\":\"off\"}"), LESS("metrics.record")},
	{WATCHED("\"alerts\":{\"cpu\":{\"action\":\"off\"}}"), LESS("alerts.cpu")},
	{WATCHED("\"alerts\":{\"cpu\":{\"percent\":81}}"), LESS("alerts.cpu")},
	{WATCHED("\"alerts\":{\"cpu\":{\"for\":\"6m\"}}"), LESS("alerts.cpu")},
	{WATCHED("\"alerts\":{\"writes\":{\"action\":\"off\"}}"), LESS("alerts.writes")},
	{WATCHED("\"alerts\":{\"writes\":{\"count\":21}}"), LESS("alerts.writes")},
	{WATCHED("\"alerts\":{\"writes\":{\"count\":0}}"),
		"policy.json: /profiles/x/alerts/writes/count: must be a number from 1 to 1000000, not 0"},
	{WATCHED("\"alerts\":{\"cpu\":{\"action\":\"stop\"}}"),
		"policy.json: /profiles/x/alerts/cpu/action: must be one of off, alert, throttle or kill, not \"stop\""},
	{WATCHED("\"alerts\":{\"cpu\":{\"percent\":101}}"),
		"policy.json: /profiles/x/alerts/cpu/percent: must be a number from 1 to 100, not 101"},
	{WATCHED("\"alerts\":{\"steady\":{\"for\":\"0.5s\"}}"),
		"policy.json: /profiles/x/alerts/steady/for: \"0.5s\" is not a time such as 15m, 90s or 1h30m"},
	{WATCHED("\"metrics\":{\"interval\":\"99ms\"}"),
		"policy.json: /profiles/x/metrics/interval: \"99ms\" is not a time such as 15m, 90s or 1h30m"},
#define SESSION(members) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"session\":{" members "}}}}"
#define NO_TIME		 " is not a time such as 15m, 90s or 1h30m"
	{SESSION("\"ttl\":\"900\""), "policy.json: /profiles/x/session/ttl: \"900\"" NO_TIME},
	{SESSION("\"ttl\":\"0s\""), "policy.json: /profiles/x/session/ttl: \"0s\"" NO_TIME},
	{SESSION("\"ttl\":\"-1m\""), "policy.json: /profiles/x/session/ttl: \"-1m\"" NO_TIME},
	{SESSION("\"ttl\":\"1000000h\""), "policy.json: /profiles/x/session/ttl: \"1000000h\"" NO_TIME},
	{SESSION("\"grace\":\"soon\""), "policy.json: /profiles/x/session/grace: \"soon\"" NO_TIME},
	{SESSION("\"ttl\":\"16m\""),
		"policy.json: /profiles/x: session.ttl is looser than in \"untrusted-code\", and \"loosens\" does not name it"},
	{SESSION("\"grace\":\"6s\""),
		"policy.json: /profiles/x: session.grace is looser than in \"untrusted-code\", and \"loosens\" does not name it"},
#define PROGRAMS(members) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"programs\":{" members "}}}}"
#define LOOSER_IN(row) "policy.json: /profiles/x: programs." row " is looser than in \"untrusted-code\", and \"loosens\" does not name it"
	{PROGRAMS("\"allow\":[\"/bin/sh\"]"), LOOSER_IN("allow")},
	{PROGRAMS("\"libraries\":[\"/srv\"]"), LOOSER_IN("libraries")},
	{PROGRAMS("\"restrict\":false"), LOOSER_IN("restrict")},
	{PROGRAMS("\"noexec\":false"), LOOSER_IN("noexec")},
	{PROGRAMS("\"memfdNoexec\":false"), LOOSER_IN("memfdNoexec")},
	{PROGRAMS("\"events\":\"off\""), LOOSER_IN("events")},
	{PROGRAMS("\"allow\":[\"python3\"]"),
		"policy.json: /profiles/x/programs/allow: \"python3\" is not an absolute path without //, . and .."},
	{PROGRAMS("\"libraries\":[\"/usr/lib/\"]"),
		"policy.json: /profiles/x/programs/libraries: \"/usr/lib/\" is not an absolute path without //, . and .."},
#define LSM(base, members) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"" base "\",\"lsm\":{" members "}}}}"
#define LABEL_LOOSER(base) "policy.json: /profiles/x: lsm.apparmorProfile is looser than in \"" base "\", and \"loosens\" does not name it"
	{LSM("hardened", "\"apparmorProfile\":\"unconfined\""),
		"policy.json: /profiles/x/lsm/apparmorProfile: \"unconfined\" is no AppArmor profile; apparmor: \"off\" asks for none"},
	{LSM("hardened", "\"apparmorProfile\":\"a//&b\""),
		"policy.json: /profiles/x/lsm/apparmorProfile: \"a//&b\" is not a profile name: letters, digits, '-', '_' and '.', at most 64"},
	{LSM("hardened", "\"apparmorProfile\":\"site\""), LABEL_LOOSER("hardened")},
	{LSM("untrusted-code", "\"apparmorProfile\":\"bulwark-default\""), LABEL_LOOSER("untrusted-code")},
	{LSM("untrusted-code", "\"apparmorProfile\":\"bulwark-untrusted-native\""), LABEL_LOOSER("untrusted-code")},
	{LSM("untrusted-code", "\"callerProfile\":\"keep\""),
		"policy.json: /profiles/x: lsm.callerProfile is looser than in \"untrusted-code\", and \"loosens\" does not name it"},
#define PORTS(members)                                                                             \
	"{\"version\":1,\"profiles\":{\"base\":{\"landlockConnect\":[443,80],\"landlockBind\":[8080]},"             \
	"\"x\":{\"extends\":\"base\"," members "}}}"
	{PORTS("\"landlockConnect\":[443,22]"),
		"policy.json: /profiles/x: landlockConnect is looser than in \"base\", and \"loosens\" does not name it"},
	{PORTS("\"landlockBind\":[0]"),
		"policy.json: /profiles/x: landlockBind is looser than in \"base\", and \"loosens\" does not name it"},
	{PORTS("\"landlockConnect\":[0]"), "policy.json: /profiles/x/landlockConnect: 0 is not a port number"},
	{PORTS("\"landlockBind\":[65536]"), "policy.json: /profiles/x/landlockBind: 65536 is not a port number"},
	{PORTS("\"landlockBind\":[],\"landlockConnect\":[80],\"loosens\":[\"landlockConnect\"]"),
		"policy.json: /profiles/x: \"loosens\" names landlockConnect, which is not looser than in \"base\""},
#define WORKSPACE(members) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"workspace\":{" members "}}}}"
#define SECRETS(members) "{\"version\":1,\"profiles\":{\"x\":{\"loosens\":[\"secrets.files\"],\"secrets\":{" members "}}}}"
#define IN_SECRETS "policy.json: /profiles/x/secrets/"
#define LOOSER_WORKSPACE(row) "policy.json: /profiles/x: workspace." row " is looser than in \"untrusted-code\", and \"loosens\" does not name it"
	{WORKSPACE("\"size\":2147483649"), LOOSER_WORKSPACE("size")},
	{WORKSPACE("\"inodes\":262145"), LOOSER_WORKSPACE("inodes")},
	{WORKSPACE("\"exec\":true"), LOOSER_WORKSPACE("exec")},
	{SECRETS("\"directory\":\"/\""), IN_SECRETS "directory: \"/\" is the root itself"},
	{SECRETS("\"directory\":\"/run/../x\""), IN_SECRETS "directory: \"/run/../x\" is not an absolute path without //, . and .."},
	{SECRETS("\"directory\":\"/proc/secrets\""), IN_SECRETS "directory: \"/proc/secrets\" lies in /proc, which is the kernel's"},
	{SECRETS("\"files\":[{\"name\":\"a\",\"file\":\"/a\"},{\"name\":\"../b\",\"file\":\"/b\"}]"),
		IN_SECRETS "files/1: \"../b\" is not the name of a secret: letters, digits, '-', '_' and '.', at most 64, no '.' first"},
	{SECRETS("\"files\":[{\"name\":\".\",\"file\":\"/a\"}]"),
		IN_SECRETS "files/0: \".\" is not the name of a secret: letters, digits, '-', '_' and '.', at most 64, no '.' first"},
	{SECRETS("\"files\":[{\"name\":\"a\"}]"), IN_SECRETS "files/0: needs either file or env"},
	{SECRETS("\"files\":[{\"name\":\"a\",\"file\":\"/a\",\"env\":\"A\"}]"), IN_SECRETS "files/0: needs either file or env"},
	{SECRETS("\"files\":[{\"name\":\"a\",\"file\":\"/a/../b\"}]"),
		IN_SECRETS "files/0: \"/a/../b\" is not an absolute path without //, . and .."},
	{SECRETS("\"files\":[{\"name\":\"a\",\"env\":\"A=B\"}]"), IN_SECRETS "files/0: \"A=B\" is not the name of a variable"},
	{SECRETS("\"files\":[{\"name\":\"a\",\"env\":\"A\"},{\"name\":\"a\",\"file\":\"/a\"}]"),
		IN_SECRETS "files/1: has the name or the variable of entry 0"},
	{SECRETS("\"files\":[{\"name\":\"a\",\"env\":\"A\"},{\"name\":\"b\",\"env\":\"A\"}]"),
		IN_SECRETS "files/1: has the name or the variable of entry 0"},
	{"{\"version\":1,\"profiles\":{\"x\":{\"secrets\":{\"files\":[{\"name\":\"a\",\"file\":\"/a\"}]}}}}",
		"policy.json: /profiles/x: secrets.files is looser than in \"hardened\", and \"loosens\" does not name it"},
	{SECRETS("\"files\":[{\"name\":\"a\",\"env\":\"A\"}]"),
		"policy.json: /profiles/x: \"loosens\" names secrets.files, which is not looser than in \"hardened\""},
	{"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"y\",\"secrets\":{\"files\":[]}},"
	 "\"y\":{\"secrets\":{\"files\":[{\"name\":\"a\",\"env\":\"A\"}]}}}}",
		"policy.json: /profiles/x: secrets.files is looser than in \"y\", and \"loosens\" does not name it"},
	{WORKSPACE("\"destination\":\"/\""), "policy.json: /profiles/x/workspace/destination: \"/\" is the root itself"},
	{WORKSPACE("\"destination\":\"work\""),
		"policy.json: /profiles/x/workspace/destination: \"work\" is not an absolute path without //, . and .."},
#define VOLUME(members) WORKSPACE("\"volumes\":[{" members "}]")
	{VOLUME("\"source\":\"/srv/t\",\"destination\":\"/data\""), LOOSER_WORKSPACE("volumes")},
	{VOLUME("\"source\":\"/srv/../t\",\"destination\":\"/data\""),
		"policy.json: /profiles/x/workspace/volumes/0/source: \"/srv/../t\" is not an absolute path without //, . and .."},
	{VOLUME("\"source\":\"/\",\"destination\":\"/data\""),
		"policy.json: /profiles/x/workspace/volumes/0/source: \"/\" is the root itself"},
	{VOLUME("\"source\":\"/srv/t\",\"destination\":\"/data\",\"mode\":\"u=rwx\""),
		"policy.json: /profiles/x/workspace/volumes/0/mode: \"u=rwx\" is not a mode such as 1777"},
#define STAGE(members) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"stage\":{" members "}}}}"
	{STAGE("\"fileBytes\":1048577"),
		"policy.json: /profiles/x: stage.fileBytes is looser than in \"untrusted-code\", and \"loosens\" does not name it"},
	{STAGE("\"patterns\":[\"\"]"), "policy.json: /profiles/x/stage/patterns: \"\" does not have 1 to 200 bytes"},
	{WORKSPACE("\"disk\":{}"), "policy.json: /profiles/x/workspace/disk/directory: is required"},
	{WORKSPACE("\"disk\":{\"directory\":\"disks\"}"),
		"policy.json: /profiles/x/workspace/disk/directory: \"disks\" is not an absolute path without //, . and .."},
#define ENCRYPTED(members) "{\"version\":1,\"profiles\":{\"base\":{\"requireMemoryEncryption\":true," \
	"\"requireEncryptedBinds\":true,\"encryptedBindsExcept\":[\"/srv/efs\"]},\"x\":{\"extends\":\"base\"," members "}}}"
#define LOOSER_THAN_BASE(row) "policy.json: /profiles/x: " row " is looser than in \"base\", and \"loosens\" does not name it"
	{ENCRYPTED("\"requireMemoryEncryption\":false"), LOOSER_THAN_BASE("requireMemoryEncryption")},
	{ENCRYPTED("\"requireEncryptedBinds\":false"), LOOSER_THAN_BASE("requireEncryptedBinds")},
	{ENCRYPTED("\"encryptedBindsExcept\":[\"/srv\"]"), LOOSER_THAN_BASE("encryptedBindsExcept")},
	{ENCRYPTED("\"encryptedBindsExcept\":[\"/srv/efs/a\"],\"loosens\":[\"encryptedBindsExcept\"]"),
		"policy.json: /profiles/x: \"loosens\" names encryptedBindsExcept, which is not looser than in \"base\""},
	{ENCRYPTED("\"encryptedBindsExcept\":[\"/srv/./efs\"]"),
		"policy.json: /profiles/x/encryptedBindsExcept: \"/srv/./efs\" is not an absolute path without //, . and .."},
#define LOGGERS(list) "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"compat\",\"loggers\":{\"allow\":[" list "]}}}}"
	{LOGGERS("\"logger\""),
		"policy.json: /profiles/x/loggers/allow: \"logger\" is not an absolute path without //, . and .."},
	{LOGGERS("\"/usr/bin/../logger\""),
		"policy.json: /profiles/x/loggers/allow: \"/usr/bin/../logger\" is not an absolute path without //, . and .."},
	{LOGGERS("\"/usr/bin/logger\""),
		"policy.json: /profiles/x: loggers.allow is looser than in \"compat\", and \"loosens\" does not name it"},
#define LOG_FILES(list) "{\"version\":1,\"profiles\":{\"x\":{\"loggers\":{\"files\":[" list "]}}}}"
	{LOG_FILES("\"log\""), "policy.json: /profiles/x/loggers/files: \"log\" is not an absolute path without //, . and .."},
	{LOG_FILES("\"/var/log/\""),
		"policy.json: /profiles/x/loggers/files: \"/var/log/\" is not an absolute path without //, . and .."},
	{LOG_FILES("\"/var/log\""),
		"policy.json: /profiles/x: loggers.files is looser than in \"hardened\", and \"loosens\" does not name it"},
};

START_TEST(each_fault_is_named_with_its_place)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_parse(wrong[_i].text, strlen(wrong[_i].text), "policy.json",
				 &arena, &policy, &err),
		-1);
	ck_assert_str_eq(err.text, wrong[_i].says);
	ck_assert_int_eq(err.code, BW_E_POLICY);
}
END_TEST

/* A profile as a container's directory keeps it. */
static const struct bw_profile *stored_and_read(const struct bw_profile *p)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	const struct bw_profile *read;

	bw_profile_write(p, w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, NULL), 0);
	bw_json_writer_free(w);
	read = bw_policy_profile(parse(text), bw_profile_name(p));
	ck_assert_ptr_nonnull(read);
	return read;
}

START_TEST(what_is_stored_of_a_profile_has_its_secrets)
{
	const struct bw_profile *p = bw_policy_profile(parse(SECRETS("\"directory\":\"/s\",\"files\":[{\"name\":\"a\","
		"\"file\":\"/a\",\"optional\":true},{\"name\":\"b\",\"env\":\"B\"},{\"name\":\"c\",\"env\":\"C\"}]")), "x");
	const struct bw_profile *read = stored_and_read(p);

	ck_assert_str_eq(read->secrets->directory, "/s");
	ck_assert_uint_eq(read->secrets->files.n, 3);
	ck_assert(read->secrets->files.v[0].optional.v);
	ck_assert_str_eq(bw_profile_secret_variable(read, 0), "B");
	ck_assert_str_eq(bw_profile_secret_variable(read, 1), "C");
	ck_assert_ptr_null(bw_profile_secret_variable(read, 2));
}
END_TEST

/* What a gate lets out, in words, and the registries put in. */
static const struct {
	const char *members, *names; /* of egress; what is let out, or NULL: no gate */
	const char *error;
} gates[] = {
	{"\"allow\":[\"@npm\"]", "registry.example tarballs.example", NULL},
	{"\"allow\":[\"@npm\",\"registry.example\",\"*.example.org\"]", "registry.example tarballs.example *.example.org", NULL},
	{"\"allow\":[\"@pypi\"]", "", NULL},
	{"\"allow\":[\"@own\"]", "own.example.org", NULL},
	{"\"allow\":[]", "", NULL},
	{"", "", NULL},
	{"\"restrict\":false,\"allow\":[\"@npm\"]", NULL, NULL},
	{"\"allow\":[\"@nmp\"]", NULL, "network.egress names @nmp, which /registries does not define"},
};

START_TEST(the_gate_lets_out_what_is_listed_and_its_registries)
{
	const char *text = bw_arena_printf(&arena,
		"{\"version\":1,\"registries\":{\"npm\":[\"registry.example\",\"tarballs.example\"],\"own\":[\"own.example.org\"]},"
		"\"profiles\":{\"x\":{\"network\":{\"egress\":{%s}}}}}",
		gates[_i].members);
	const struct bw_policy *policy = parse(text);
	struct bw_err err = {0};
	const struct bw_profile *p = bw_policy_fold(policy, "x", &err);
	char names[256] = "";
	struct bw_buf buf = bw_buf_over(names, sizeof names);

	if (gates[_i].error) {
		ck_assert_ptr_null(p);
		ck_assert_str_eq(err.text, gates[_i].error);
		return;
	}
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p->derived.gated, gates[_i].names != NULL);
	if (!gates[_i].names) {
		ck_assert_uint_eq(p->derived.proxy.n, 0);
		return;
	}
	/* And as it is stored for exec, where there are no registries. */
	for (int stored = 0; stored < 2; stored++) {
		const struct bw_strs *allow = &p->network->egress->allow;

		buf = bw_buf_over(names, sizeof names);
		names[0] = '\0';
		for (size_t i = 0; i < allow->n; i++)
			bw_buf_addf(&buf, "%s%s", i ? " " : "", allow->v[i]);
		ck_assert_str_eq(names, gates[_i].names);
		ck_assert_int_eq(p->derived.proxy.n > 0, names[0] != '\0');
		ck_assert(p->derived.gated);
		p = stored_and_read(p);
	}
}
END_TEST

static void check_row(const char *pointer, const struct bw_field *field, void *ctx)
{
	char row[128];
	struct bw_buf buf = bw_buf_over(row, sizeof row);
	size_t *n = ctx;

	ck_assert_msg(field->doc != NULL && bw_has_suffix(field->doc, "."), "%s has no sentence",
		pointer);
	if (field->kind == BW_OBJECT || strstr(pointer, "/-"))
		return;
	/* The gate, the range and the disk are compared as a whole. */
	if (bw_after_prefix(pointer, "/network/egress/"))
		pointer = "/network/egress";
	if (bw_after_prefix(pointer, "/user/range/"))
		pointer = "/user/range";
	/* So is each alert. */
	if (bw_after_prefix(pointer, "/alerts/") && strchr(pointer + strlen("/alerts/"), '/'))
		return;
	if (bw_after_prefix(pointer, "/workspace/disk/"))
		pointer = "/workspace/disk";
	for (const char *c = pointer + 1; *c; c++)
		bw_buf_addn(&buf, *c == '/' ? "." : c, 1);
	ck_assert_msg(bw_profile_row_is_ordered(row), "%s has no place in policy_order.c", row);
	++*n;
}

START_TEST(every_row_of_a_profile_has_a_sentence_and_an_order)
{
	size_t n = 0;

	bw_schema_walk(&bw_profile_schema, check_row, &n);
	ck_assert_uint_ge(n, 60);
}
END_TEST

/* ---- folding ---- */

START_TEST(a_profile_without_extends_stands_on_hardened)
{
	const struct bw_profile *p =
		bw_policy_profile(parse("{\"version\":1,\"profiles\":{\"x\":{}}}"), "x");

	ck_assert_str_eq(p->user->root, "remap");
	ck_assert(p->no_new_privileges.v);
}
END_TEST

START_TEST(a_built_in_name_that_extends_itself_changes_the_built_in)
{
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{"
		      "\"hardened\":{\"extends\":\"hardened\",\"user\":{\"uid\":42}},"
		      "\"more\":{\"extends\":\"hardened\",\"limits\":{\"pids\":7}}}}");
	const struct bw_profile *more = bw_policy_profile(policy, "more");

	ck_assert_uint_eq(more->user->uid.v, 42);
	ck_assert_uint_eq(more->user->gid.v, 1001);
	ck_assert_uint_eq(more->limits->pids.v, 7);
	ck_assert_uint_eq(bw_policy_profile(policy, "hardened")->limits->pids.v, 512);
	/* The built-in chain is the built-in's: what a site says of hardened is not in
	 * untrusted-code. */
	ck_assert_uint_eq(bw_policy_profile(policy, "untrusted-code")->user->uid.v, 1001);
}
END_TEST

/* Only its own name can be meant: to stand on another it would have to say so. */
START_TEST(a_built_in_name_without_extends_changes_the_built_in)
{
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{"
		      "\"hardened\":{\"loosens\":[\"checkpoint\"],\"checkpoint\":\"allow\"},"
		      "\"untrusted-code\":{\"limits\":{\"pids\":7}},"
		      "\"compat\":{\"noNewPrivileges\":true},"
		      "\"more\":{\"limits\":{\"pids\":9}}}}");

	ck_assert_str_eq(bw_policy_profile(policy, "hardened")->checkpoint, "allow");
	ck_assert_uint_eq(bw_policy_profile(policy, "hardened")->user->uid.v, 1001);
	ck_assert(bw_policy_profile(policy, "untrusted-code")->user->always.v);
	ck_assert_uint_eq(bw_policy_profile(policy, "untrusted-code")->limits->pids.v, 7);
	ck_assert_ptr_null(bw_policy_profile(policy, "compat")->user);
	/* Whatever else stands on hardened stands on the file's. */
	ck_assert_str_eq(bw_policy_profile(policy, "more")->checkpoint, "allow");
	ck_assert_str_eq(bw_policy_profile(policy, "untrusted-code")->checkpoint, "refuse");
}
END_TEST

START_TEST(lists_replace_and_maps_are_joined)
{
	const struct bw_profile *p =
		bw_policy_profile(parse("{\"version\":1,\"profiles\":{\"x\":{\"environment\":{"
					"\"set\":{\"A\":\"b\"},\"scrubLists\":[]},"
					"\"loosens\":[\"environment.scrubLists\"]}}}"),
			"x");

	ck_assert_uint_eq(p->environment->scrub_lists.n, 0);
	ck_assert_uint_eq(p->derived.scrub.n, 0);
	ck_assert_str_eq(bw_pairs_get(&p->environment->set, "A"), "b");
	ck_assert_str_eq(bw_pairs_get(&p->environment->set, "AWS_EC2_METADATA_DISABLED"), "true");
}
END_TEST

START_TEST(folding_leaves_the_base_as_it_was)
{
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{\"a\":{\"user\":{\"uid\":5}},\"b\":{"
		      "\"extends\":\"a\",\"user\":{\"uid\":6}}}}");

	ck_assert_uint_eq(bw_policy_profile(policy, "b")->user->uid.v, 6);
	ck_assert_uint_eq(bw_policy_profile(policy, "a")->user->uid.v, 5);
}
END_TEST

START_TEST(a_chain_that_is_too_long_is_refused)
{
	char text[4096];
	struct bw_buf buf = bw_buf_over(text, sizeof text);
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	bw_buf_add(&buf, "{\"version\":1,\"profiles\":{\"p0\":{}");
	for (int i = 1; i < 20; i++)
		bw_buf_addf(&buf, ",\"p%d\":{\"extends\":\"p%d\"}", i, i - 1);
	bw_buf_add(&buf, "}}");
	ck_assert_int_eq(bw_policy_parse(text, buf.len, "policy.json", &arena, &policy, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "stands on more than 15 others"));
}
END_TEST

/* ---- strictness ---- */

START_TEST(the_built_in_profiles_are_ordered)
{
	const struct bw_policy *policy = parse("{\"version\":1}");
	const struct bw_profile *p[3];

	for (int i = 0; i < 3; i++)
		p[i] = bw_policy_profile(policy, bw_builtin_profiles[i]);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			ck_assert_msg((bw_profile_looser(p[i], p[k], NULL, NULL) == 0) == (i >= k),
				"%s and %s", bw_builtin_profiles[i], bw_builtin_profiles[k]);
}
END_TEST

static const struct {
	const char *members, *looser; /* over hardened; the row in which it is looser, or NULL */
} stricter[] = {
	{"\"mode\":\"audit\"", "mode"},
	{"\"user\":{\"root\":\"refuse\"}", NULL},
	{"\"user\":{\"root\":\"keep\"}", "user.root"},
	{"\"user\":{\"root\":\"userns\"}", "user.root"},
	{"\"user\":{\"idmap\":\"require\",\"range\":{\"first\":65536,\"count\":1}}", NULL},
	{"\"user\":{\"images\":[\"/\"]}", "user.images"},
	{"\"user\":{\"images\":[]}", NULL},
	{"\"user\":{\"images\":[\"/var/lib/containerd/one\"]}", NULL},
	{"\"user\":{\"uid\":5}", NULL},
	{"\"capabilities\":{\"allow\":[\"CAP_KILL\"]}", "capabilities.allow"},
	{"\"noNewPrivileges\":false", "noNewPrivileges"},
	{"\"seccomp\":{\"baseline\":\"none\"}", "seccomp.baseline"},
	{"\"seccomp\":{\"baseline\":\"python-node\"}", NULL},
	{"\"seccomp\":{\"allow\":[\"io_uring\"]}", "seccomp.allow"},
	{"\"lsm\":{\"apparmorProfile\":\"bulwark-default\"}", NULL},
	{"\"lsm\":{\"apparmorProfile\":\"bulwark-untrusted-native\"}", NULL},
	{"\"lsm\":{\"apparmorProfile\":\"bulwark-untrusted\"}", NULL},
	{"\"lsm\":{\"apparmorProfile\":\"bulwark-untrusted2\"}", "lsm.apparmorProfile"},
	{"\"lsm\":{\"callerProfile\":\"replace\"}", NULL},
	{"\"landlock\":\"require\"", NULL},
	{"\"landlock\":\"off\"", "landlock"},
	{"\"landlockConnect\":[],\"landlockBind\":[0,8080]", NULL},
	{"\"memoryDenyWriteExecute\":\"on\"", NULL},
	{"\"loggers\":{\"allow\":[]}", NULL},
	{"\"loggers\":{\"allow\":[\"/usr/bin/logger\"]}", "loggers.allow"},
	{"\"loggers\":{\"files\":[]}", NULL},
	{"\"loggers\":{\"files\":[\"/var/log/containers\"]}", "loggers.files"},
	{"\"session\":{\"ttl\":\"1m\",\"grace\":\"0\"}", NULL},
	{"\"metrics\":{\"record\":\"require\",\"interval\":\"1s\"}", NULL},
	{"\"alerts\":{\"cpu\":{\"action\":\"kill\"},\"steady\":{},\"destinations\":{\"count\":1},\"writes\":{\"count\":20}}", NULL},
	{"\"mounts\":{\"only\":[\"/srv\"]}", NULL},
	{"\"mounts\":{\"except\":[]}", NULL},
	{"\"mounts\":{\"types\":[\"proc\",\"nfs\"]}", "mounts.types"},
	{"\"paths\":{\"masked\":[]}", "paths.masked"},
	{"\"devices\":{\"allow\":[{\"type\":\"c\",\"major\":10,\"access\":\"r\"}]}",
		"devices.allow"},
	{"\"namespaces\":{\"own\":[\"pid\"]}", "namespaces.own"},
	{"\"network\":{\"metadata\":\"allow\"}", "network.metadata"},
	{"\"network\":{\"guard\":\"prefer\"}", "network.guard"},
	{"\"environment\":{\"scrub\":[\"X\"]}", NULL},
	{"\"environment\":{\"keep\":[\"X\"]}", "environment.keep"},
	{"\"limits\":{\"pids\":511}", NULL},
	{"\"limits\":{\"pids\":513}", "limits.pids"},
	{"\"limits\":{\"oomScoreAdjMin\":-1}", "limits.oomScoreAdjMin"},
	{"\"limits\":{\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"value\":0}]}", "limits.rlimits"},
	{"\"rootfs\":{\"tmpfs\":[]}", NULL},
	{"\"rootfs\":{\"tmpfs\":[{\"destination\":\"/"
	 "run\",\"size\":99999999,\"inodes\":1,\"mode\":\"0755\"}]}",
		"rootfs.tmpfs"},
};

START_TEST(strictness_is_compared_row_by_row)
{
	const char *text = bw_arena_printf(
		&arena, "{\"version\":1,\"profiles\":{\"x\":{%s}}}", stricter[_i].members);
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};
	int r = bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err);

	ck_assert_msg(r == (stricter[_i].looser ? -1 : 0), "%s", err.text);
	if (stricter[_i].looser)
		ck_assert_ptr_nonnull(strstr(err.text,
			bw_arena_printf(&arena, "/profiles/x: %s is looser", stricter[_i].looser)));
}
END_TEST

/* ---- choosing ---- */

#define RULES                                                                                      \
	"\"rules\":[{\"name\":\"ecs agent\",\"when\":{\"docker.name\":\"/ecs-agent\","             \
	"\"docker.label.absent\":\"com.amazonaws.ecs.task-arn\",\"docker.image\":[\"sha256:aa\","  \
	"\"sha256:bb\"]},"                                                                         \
	"\"profile\":\"compat\"},"                                                                 \
	"{\"name\":\"user "                                                                        \
	"code\",\"when\":{\"docker.label.family\":\"user-code*\"},\"profile\":\"untrusted-code\"}" \
	","                                                                                        \
	"{\"name\":\"no label\",\"when\":{\"docker.label.absent\":\"x\"},\"profile\":\"compat\"}]"

/* The second would loosen what the first tightens. */
#define RULE_ORDER                                                                                 \
	"\"rules\":[{\"name\":\"zeroth\",\"when\":{\"caller.root\":\"/mine\"},\"profile\":\"compat\"},"      \
	"{\"name\":\"first\",\"when\":{\"docker.label.f\":\"x\",\"cgroup.parent\":\"/ecs/*\"},"             \
	"\"profile\":\"untrusted-code\"},"                                                           \
	"{\"name\":\"second\",\"when\":{\"cgroup.parent\":\"/*\"},\"profile\":\"compat\"}]"

static const struct {
	const char *policy; /* members besides version */
	const char *asked, *annotation;
	const char *facts[8];	      /* key, value, ... */
	const char *profile, *reason; /* or profile NULL: reason is the error */
} choices[] = {
	{"", NULL, NULL, {NULL}, "hardened", "default"},
	{"", "compat", NULL, {NULL}, "compat", "--profile"},
	{"", "x", NULL, {NULL}, NULL, "there is no profile \"x\""},
	{",\"profileFlag\":\"never\"", "compat", NULL, {NULL}, NULL,
		"the policy does not allow --profile (profileFlag: never)"},
	{",\"profileFlag\":\"stricter\"", "compat", NULL, {NULL}, NULL,
		"--profile compat is looser than \"hardened\" in user.root, and the policy allows "
		"only stricter ones "
		"(profileFlag: stricter)"},
	{",\"profileFlag\":\"stricter\"", "untrusted-code", NULL, {NULL}, "untrusted-code",
		"--profile"},
	{"," RULES, NULL, NULL, {"docker.name", "/ecs-agent", "docker.image", "sha256:bb"},
		"compat", "rule \"ecs agent\""},
	{"," RULES, NULL, NULL,
		{"docker.name", "/ecs-agent", "docker.image", "sha256:bb",
			"docker.label.com.amazonaws.ecs.task-arn", "x", "docker.label.x", "y"},
		"hardened", "default"},
	{"," RULES, NULL, NULL,
		{"docker.name", "/ecs-agent", "docker.image", "sha256:cc", "docker.label.x", ""},
		"hardened", "default"},
	{"," RULES, NULL, NULL, {"docker.label.family", "user-code-7"}, "untrusted-code",
		"rule \"user code\""},
	{"," RULES, "hardened", NULL, {"docker.label.family", "user-code-7"}, "hardened",
		"--profile"},
	/* Without any fact of docker its labels are unknown, not absent. */
	{"," RULES, NULL, NULL, {"cgroup.parent", "/docker"}, "hardened", "default"},
	{"," RULES, NULL, NULL, {"docker.name", "/x"}, "compat", "rule \"no label\""},
	{"", NULL, "untrusted-code", {NULL}, "hardened",
		"default (the policy does not let annotation org.bulwark.profile choose "
		"\"untrusted-code\")"},
	{",\"annotations\":{\"profile\":[\"untrusted-code\",\"compat\"]}", NULL, "untrusted-code",
		{NULL}, "untrusted-code", "annotation org.bulwark.profile"},
	{",\"annotations\":{\"profile\":[\"untrusted-code\",\"compat\"]}", NULL, "compat", {NULL},
		"hardened",
		"default (annotation org.bulwark.profile asks for \"compat\", which is looser)"},
	{",\"default\":\"untrusted-code\"", NULL, NULL, {NULL}, "untrusted-code", "default"},
	/* Metadata that cannot be trusted: the default, whatever a rule that asks for them would have given. */
	{"," RULES, NULL, NULL, {"docker.unreadable", "it is torn"}, "hardened",
		"default; rule \"ecs agent\" cannot be judged: it is torn"},
	{"," RULES, "compat", NULL, {"docker.unreadable", "it is torn"}, "compat", "--profile"},
	{",\"profileFlag\":\"stricter\"," RULES, "compat", NULL, {"docker.unreadable", "it is torn"}, NULL,
		"--profile compat is looser than \"hardened\" in user.root, and the policy allows "
		"only stricter ones (profileFlag: stricter)"},
	{",\"annotations\":{\"profile\":[\"untrusted-code\"]}," RULES, NULL, "untrusted-code",
		{"docker.unreadable", "it is torn"}, "untrusted-code",
		"annotation org.bulwark.profile; rule \"ecs agent\" cannot be judged: it is torn"},
	{",\"docker\":{\"unreadable\":\"refuse\"}," RULES, NULL, NULL, {"docker.unreadable", "it is torn"}, NULL,
		"rule \"ecs agent\" cannot be judged, and the policy starts nothing in doubt (docker.unreadable: "
		"refuse): it is torn"},
	{"," RULE_ORDER, NULL, NULL, {"docker.unreadable", "x", "cgroup.parent", "/ecs/1"}, "hardened",
		"default; rule \"first\" cannot be judged: x"},
	/* Where another condition settles it there is no doubt, nor where an earlier rule has matched. */
	{"," RULE_ORDER, NULL, NULL, {"docker.unreadable", "x", "cgroup.parent", "/other"}, "compat",
		"rule \"second\""},
	{",\"docker\":{\"unreadable\":\"refuse\"}," RULE_ORDER, NULL, NULL,
		{"docker.unreadable", "x", "cgroup.parent", "/other"}, "compat", "rule \"second\""},
	{"," RULE_ORDER, NULL, NULL, {"docker.unreadable", "x", "caller.root", "/mine"}, "compat", "rule \"zeroth\""},
	/* A label named like the word for absence, and one that says that a label is there. */
	{"," RULES, NULL, NULL, {"docker.name", "/x", "docker.label.absent", "x"}, "compat", "rule \"no label\""},
	{"," RULES, NULL, NULL, {"docker.name", "/x", "docker.label.x", ""}, "hardened", "default"},
	/* All conditions must hold, and patterns are whole. */
	{"," RULES, NULL, NULL, {"docker.name", "/ecs-agent2", "docker.image", "sha256:bb", "docker.label.x", "y"},
		"hardened", "default"},
	{"," RULES, NULL, NULL, {"docker.name", "/not/ecs-agent", "docker.image", "sha256:bb", "docker.label.x", "y"},
		"hardened", "default"},
	{"," RULES, NULL, NULL, {"docker.image", "sha256:bb", "docker.label.x", "y"}, "hardened", "default"},
	{",\"rules\":[{\"name\":\"no task\",\"when\":{\"cgroup.absent\":\"ecsTask\"},\"profile\":\"compat\"}]",
		NULL, NULL, {"cgroup.parent", "/docker"}, "compat", "rule \"no task\""},
	{",\"rules\":[{\"name\":\"no task\",\"when\":{\"cgroup.absent\":\"ecsTask\"},\"profile\":\"compat\"}]",
		NULL, NULL, {"cgroup.parent", "/ecs/1", "cgroup.ecsTask", "1"}, "hardened", "default"},
	{",\"rules\":[{\"name\":\"no task\",\"when\":{\"cgroup.absent\":\"ecsTask\"},\"profile\":\"compat\"}]",
		NULL, NULL, {"caller.root", "/x"}, "hardened", "default"},
};

START_TEST(the_profile_is_chosen_by_flag_then_rule_then_annotation_then_default)
{
	const struct bw_policy *policy =
		parse(bw_arena_printf(&arena, "{\"version\":1%s}", choices[_i].policy));
	struct bw_policy_facts facts = {0};
	struct bw_pairs annotations = {0};
	const struct bw_profile *p = NULL;
	const char *reason = NULL;
	struct bw_err err = {0};
	int r;

	for (size_t i = 0; i < 8 && choices[_i].facts[i]; i += 2) {
		if (bw_streq(choices[_i].facts[i], "docker.unreadable"))
			facts.unreadable = choices[_i].facts[i + 1];
		else
			ck_assert_int_eq(bw_pairs_set(&arena, &facts.values, choices[_i].facts[i],
						 choices[_i].facts[i + 1]),
				0);
	}
	if (choices[_i].annotation)
		ck_assert_int_eq(bw_pairs_set(&arena, &annotations, "org.bulwark.profile",
					 choices[_i].annotation),
			0);
	r = bw_policy_choose(
		policy, choices[_i].asked, &facts, &annotations, &arena, &p, &reason, &err);
	ck_assert_msg((r == 0) == (choices[_i].profile != NULL), "%s", err.text);
	if (r == 0) {
		ck_assert_str_eq(bw_profile_name(p), choices[_i].profile);
		ck_assert_str_eq(reason, choices[_i].reason);
	} else {
		ck_assert_str_eq(err.text, choices[_i].reason);
	}
}
END_TEST

/* ---- facts ---- */

static const struct {
	const char *text, *says; /* says NULL: read */
} fact_files[] = {
	{"{}", NULL},
	{"{\"docker.name\":\"/x\",\"docker.label.a.b/c\":\"\",\"cri.pod\":\"y\"}", NULL},
	{"{\"docker.unreadable\":\"why\"}", NULL},
	{"[]", "facts.json: must be an object of facts, not an array"},
	{"{\"docker.nam\":\"/x\"}", "facts.json: \"docker.nam\" is no fact (bulwark-policy(5))"},
	{"{\"docker.privileged\":true}", "facts.json: docker.privileged must be a string, not a boolean"},
	{"{\"docker.name\":\"/x\",\"docker.name\":\"/y\"}",
		"facts.json:1:21: expected each name once, found \"docker.name\" again"},
};

START_TEST(a_file_of_facts_is_read_strictly)
{
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};
	int r = bw_policy_facts_parse(
		fact_files[_i].text, strlen(fact_files[_i].text), "facts.json", &arena, &facts, &err);

	ck_assert_msg(r == (fact_files[_i].says ? -1 : 0), "%s", err.text);
	if (fact_files[_i].says)
		ck_assert_str_eq(err.text, fact_files[_i].says);
}
END_TEST

/* The rules that have a say decide what must be read. */
START_TEST(nothing_is_needed_that_no_rule_asks_for)
{
	const struct bw_policy *none = parse("{\"version\":1}");
	const struct bw_policy *some = parse("{\"version\":1," RULE_ORDER "}");
	const struct bw_policy *held = parse("{\"version\":1,\"profileFlag\":\"stricter\"," RULE_ORDER "}");

	ck_assert(!bw_policy_needs(none, NULL, ""));
	ck_assert(bw_policy_needs(some, NULL, "docker.") && bw_policy_needs(some, NULL, "cgroup."));
	ck_assert(!bw_policy_needs(some, NULL, "cri.") && !bw_policy_needs(some, NULL, "docker.runtime"));
	ck_assert(!bw_policy_needs(some, "hardened", "docker."));
	ck_assert(bw_policy_needs(held, "hardened", "docker."));
}
END_TEST

START_TEST(docker_s_data_are_where_the_policy_says)
{
	const struct bw_strs *usual = bw_policy_docker_roots(parse("{\"version\":1}"));
	const struct bw_strs *other =
		bw_policy_docker_roots(parse("{\"version\":1,\"docker\":{\"dataRoots\":[\"/a\",\"/b\"]}}"));

	ck_assert_uint_eq(usual->n, 1);
	ck_assert_str_eq(usual->v[0], "/var/lib/docker");
	ck_assert_uint_eq(other->n, 2);
	ck_assert_uint_eq(
		bw_policy_docker_roots(parse("{\"version\":1,\"docker\":{\"dataRoots\":[]}}"))->n, 0);
}
END_TEST

START_TEST(each_rule_says_what_it_makes_of_the_facts)
{
	static const char *const whys[] = {
		"does not hold: docker.image is \"sha256:cc\", not \"sha256:aa\" or another of the list",
		"does not hold: there is no docker.label.family",
		"does not hold: docker.label.x is there",
	};
	const struct bw_policy *policy = parse("{\"version\":1," RULES "}");
	static const char text[] =
		"{\"docker.name\":\"/ecs-agent\",\"docker.image\":\"sha256:cc\",\"docker.label.x\":\"y\"}";
	struct bw_policy_facts facts = {0};
	struct bw_verdict_of_rule verdict;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_facts_parse(text, sizeof text - 1, "facts", &arena, &facts, &err), 0);
	ck_assert_uint_eq(bw_policy_rules_n(policy), BW_COUNT(whys));
	for (size_t i = 0; i < BW_COUNT(whys); i++) {
		ck_assert_int_eq(bw_policy_judge(policy, i, &facts, &arena, &verdict, &err), 0);
		ck_assert_str_eq(
			bw_arena_printf(&arena, "%s: %s", bw_judgement_word(verdict.judgement), verdict.why), whys[i]);
	}
	facts.values.n = 0;
	ck_assert_int_eq(bw_policy_judge(policy, 2, &facts, &arena, &verdict, &err), 0);
	ck_assert_str_eq(verdict.why, "nothing is known of docker");
	facts.unreadable = "torn";
	ck_assert_int_eq(bw_policy_judge(policy, 2, &facts, &arena, &verdict, &err), 0);
	ck_assert_int_eq(verdict.judgement, BW_RULE_IN_DOUBT);
	ck_assert_str_eq(verdict.why, "torn");
}
END_TEST

/* bulwark-policy(5) names each fact at the head of a paragraph. */
START_TEST(every_fact_is_in_the_manual)
{
	const char *srcdir = getenv("srcdir");
	auto_free char *page = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_read_file(bw_arena_printf(&arena, "%s/man/bulwark-policy.5", srcdir ? srcdir : "."), 1 << 20,
			      &page, NULL, &err) == 0,
		"%s", err.text);
	for (const struct bw_fact *fact = bw_facts; fact->name; fact++) {
		char name[64];
		struct bw_buf text = bw_buf_over(name, sizeof name);

		bw_buf_add(&text, "\n.B ");
		for (const char *c = fact->name; *c && *c != '*'; c++)
			bw_buf_addf(&text, *c == '-' ? "\\%c" : "%c", *c);
		ck_assert_msg(strstr(page, name) != NULL, "%s is not in bulwark-policy(5)", fact->name);
	}
}
END_TEST

/* ---- lint ---- */

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RULE(when, profile) "\"rules\":[{\"name\":\"r\",\"when\":{" when "},\"profile\":\"" profile "\"}]"
#define TWO_RULES(one, two)                                                                        \
	"\"docker\":{\"unreadable\":\"refuse\"},\"rules\":[{\"name\":\"one\",\"when\":{" one                \
	"},\"profile\":\"hardened\"},{\"name\":\"two\",\"when\":{" two "},\"profile\":\"hardened\"}]"
#define AUTHOR                                                                                     \
	"/rules/0: whoever writes the image or the task decides all that this rule asks for, and \"compat\" is " \
	"looser than \"hardened\" in user.root; add a fact of the host, such as cgroup.parent or a docker.name " \
	"without '*'"
#define SHADOWED "/rules/1: can never match: rule \"one\" before it matches all that it would"
#define LOG_DIRS(list) "\"profiles\":{\"x\":{\"loosens\":[\"loggers.files\"],\"loggers\":{\"files\":[" list "]}}}"
#define LOG_APPENDS    ": whoever starts a container chooses the file there to which root of the host appends"
static const struct {
	const char *members, *warning; /* NULL: none */
} lints[] = {
	{RULE("\"docker.name\":\"/ecs-agent\",\"docker.image\":\"" DIGEST
	      "\",\"docker.label.absent\":\"com.amazonaws.ecs.task-arn\"", "compat"), NULL},
	/* Patterns that nothing matches. */
	{RULE("\"docker.name\":\"ecs-agent\"", "compat"),
		"/rules/0/when: \"ecs-agent\" never matches: docker.name is a name with a slash before it, as docker keeps "
		"it"},
	{RULE("\"docker.name\":\"/x\",\"docker.image\":[\"" DIGEST "\",\"nginx:latest\"]", "compat"),
		"/rules/0/when: \"nginx:latest\" never matches: docker.image is sha256: and 64 digits from 0 to f"},
	{RULE("\"docker.name\":\"/x\",\"docker.image\":\"sha256:0a1b*\"", "compat"), NULL},
	{RULE("\"docker.name\":\"/x\",\"docker.image\":\"sha1*\"", "compat"),
		"/rules/0/when: \"sha1*\" never matches: docker.image is sha256: and 64 digits from 0 to f"},
	{RULE("\"docker.name\":\"/x\",\"docker.privileged\":\"yes\"", "compat"),
		"/rules/0/when: \"yes\" never matches: docker.privileged is true or false"},
	{RULE("\"caller.root\":\"run/x\"", "compat"),
		"/rules/0/when: \"run/x\" never matches: caller.root is an absolute path"},
	/* Contradictions. */
	{RULE("\"docker.name\":\"/x\",\"cri.namespace\":\"y\"", "compat"),
		"/rules/0: can never match: a container is docker's or Kubernetes', not both"},
	{RULE("\"cgroup.parent\":\"/x\",\"docker.label.a\":\"b\",\"docker.label.absent\":[\"c\",\"a\"]", "compat"),
		"/rules/0: can never match: docker.label.a must be there and must not"},
	{RULE("\"cgroup.ecsTask\":\"*\",\"cgroup.kubePod\":\"*\"", "compat"),
		"/rules/0: can never match: a cgroup is of an ECS task or of a pod, not both"},
	{"\"docker\":{\"dataRoots\":[]}," RULE("\"docker.name\":\"/x\"", "compat"),
		"/rules/0: can never match: docker.dataRoots names no directory"},
	/* Rules behind others. */
	{TWO_RULES("\"docker.name\":\"/a*\"", "\"docker.name\":[\"/ab\",\"/a*c\"],\"docker.label.x\":\"y\""), SHADOWED},
	{TWO_RULES("\"docker.name\":\"/a*\"", "\"docker.name\":[\"/ab\",\"/b\"]"), NULL},
	{TWO_RULES("\"docker.name\":\"/a*c\"", "\"docker.name\":\"/a*\""), NULL},
	{TWO_RULES("\"docker.name\":\"/a\",\"docker.label.x\":\"y\"", "\"docker.name\":\"/a\""), NULL},
	{TWO_RULES("\"docker.label.absent\":\"a\"", "\"docker.label.absent\":[\"b\",\"a\"]"), SHADOWED},
	{TWO_RULES("\"docker.label.absent\":[\"a\",\"b\"]", "\"docker.label.absent\":\"a\""), NULL},
	/* What an author decides, alone, must not loosen. */
	{RULE("\"docker.label.role\":\"web\"", "compat"), AUTHOR},
	{RULE("\"docker.label.com.amazonaws.ecs.task-definition-family\":\"x\",\"docker.image\":\"" DIGEST "\"",
		 "compat"),
		AUTHOR},
	{RULE("\"docker.label.absent\":\"x\",\"docker.imageName\":\"x\",\"docker.user\":\"x\"", "compat"), AUTHOR},
	{RULE("\"docker.name\":\"/ecs-*\"", "compat"), AUTHOR},
	{RULE("\"docker.label.role\":\"web\",\"cgroup.parent\":\"*\"", "compat"), AUTHOR},
	{RULE("\"cri.pod\":\"x\",\"cri.container-name\":\"y\",\"cri.image\":\"z\"", "compat"), AUTHOR},
	{RULE("\"cri.pod\":\"x\",\"cri.namespace\":\"kube-system\"", "compat"), NULL},
	{RULE("\"docker.label.role\":\"web\",\"cgroup.ecsTask\":\"*\"", "compat"), NULL},
	{RULE("\"docker.image\":\"" DIGEST "\",\"docker.label.absent\":\"com.amazonaws.ecs.task-arn\"", "compat"), NULL},
	{RULE("\"docker.label.role\":\"web\"", "hardened"), NULL},
	/* What tightens must not be shaken off. */
	{RULE("\"docker.label.role\":\"web\"", "untrusted-code"),
		"/rules/0: \"untrusted-code\" is stricter than \"hardened\" in user.always, and an image whose labels are too "
		"large to be read keeps out of it; docker.unreadable: refuse closes that way"},
	{"\"docker\":{\"unreadable\":\"refuse\"}," RULE("\"docker.label.role\":\"web\"", "untrusted-code"), NULL},
	{RULE("\"cgroup.parent\":\"/x\"", "untrusted-code"), NULL},
	{"\"profiles\":{\"x\":{\"loosens\":[\"network.host\"],\"network\":{\"host\":\"allow\"}}}", NULL},
	{"\"profiles\":{\"x\":{\"extends\":\"compat\"}}", NULL},
	{"\"profiles\":{\"x\":{\"loosens\":[\"loggers.allow\"],\"loggers\":{\"allow\":[\"/usr/bin/logger\"]}}}", NULL},
	{"\"profiles\":{\"x\":{\"loosens\":[\"loggers.allow\"],\"loggers\":{\"allow\":[\"/usr/bin/logger\",\"/usr/bin/bash\"]}}}",
		"/profiles/x/loggers/allow/1: /usr/bin/bash runs what its arguments say, as root of the host, and whoever "
		"starts a container chooses them"},
	{LOG_DIRS("\"/var/log/containers\",\"/srv/logs\",\"/opt/site/logs\""), NULL},
	{LOG_DIRS("\"/var/log\",\"/\""), "/profiles/x/loggers/files/1: / is not for logs alone (/etc)" LOG_APPENDS},
	{LOG_DIRS("\"/etc\""), "/profiles/x/loggers/files/0: /etc is not for logs alone (/etc)" LOG_APPENDS},
	{LOG_DIRS("\"/etc/cron.d\""), "/profiles/x/loggers/files/0: /etc/cron.d is not for logs alone (/etc)" LOG_APPENDS},
	{LOG_DIRS("\"/var\""), "/profiles/x/loggers/files/0: /var is not for logs alone (/var/spool)" LOG_APPENDS},
	{LOG_DIRS("\"/home/u/logs\""), "/profiles/x/loggers/files/0: /home/u/logs is not for logs alone (/home/*)" LOG_APPENDS},
	{"\"profiles\":{\"x\":{\"session\":{\"grace\":\"1s\"}}}",
		"/profiles/x/session/grace: there is nothing to be graced with: session.ttl sets no limit"},
	{"\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"session\":{\"grace\":\"1s\"}}}", NULL},
	{"\"names\":{\"tenant\":[\"docker.label.com.amazonaws.ecs.task-arn\",\"cri.namespace\"]}", NULL},
	{"\"names\":{\"tenant\":[\"cgroup.ecsTask\",\"docker.label.owner\"]}",
		"/names/tenant/1: whoever writes the image or the task decides docker.label.owner, and so the tenant of its "
		"containers"},
	{"\"names\":{\"session\":[\"cri.pod\"]}",
		"/names/session/0: whoever writes the image or the task decides cri.pod, and so the session of its containers"},
	{"\"profiles\":{\"x\":{\"landlockConnect\":[443],\"landlockBind\":[]}}", NULL},
	{"\"profiles\":{\"x\":{\"extends\":\"compat\",\"landlockConnect\":[443]}}",
		"/profiles/x/landlockConnect: nothing holds it: landlock is off"},
	{"\"profiles\":{\"x\":{\"loosens\":[\"landlock\"],\"landlock\":\"off\",\"landlockBind\":[]}}",
		"/profiles/x/landlockBind: nothing holds it: landlock is off"},
	{"\"registries\":{\"npm\":[\"npm.example\"]},"
	 "\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"landlockConnect\":[3128,8080]}}", NULL},
	{"\"registries\":{\"npm\":[\"npm.example\"]},"
	 "\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"landlockConnect\":[443]}}",
		"/profiles/x/landlockConnect: the gate of network.egress is out of reach: it listens at port 3128"},
};

START_TEST(lint_warns_of_what_is_right_in_form_alone)
{
	const struct bw_policy *policy = parse(bw_arena_printf(&arena, "{\"version\":1,%s}", lints[_i].members));
	struct bw_notes notes = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_lint(policy, &arena, &notes, &err), 0);
	if (!lints[_i].warning) {
		ck_assert_msg(notes.n == 0, "%s: %s", notes.n ? notes.v[0].pointer : "", notes.n ? notes.v[0].text : "");
		return;
	}
	ck_assert_msg(notes.n == 1, "%zu warnings%s%s", notes.n, notes.n > 1 ? ", the second: " : "",
		notes.n > 1 ? notes.v[1].text : "");
	ck_assert_str_eq(bw_arena_printf(&arena, "%s: %s", notes.v[0].pointer, notes.v[0].text), lints[_i].warning);
}
END_TEST

/* ---- the file ---- */

static char dir[] = "/tmp/test_policy.XXXXXX";

static const char *make_file(mode_t mode)
{
	const char *path = bw_arena_printf(&arena, "%s/policy.json", dir);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "{\"version\":1}", 13), 13);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	return path;
}

static void check_load(const char *path, const char *says)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};
	int r = bw_policy_load(path, &arena, &policy, &err);

	ck_assert_msg(r == (says ? -1 : 0), "%s", err.text);
	if (says)
		ck_assert_str_eq(err.text, bw_arena_printf(&arena, "%s%s", path, says));
}

START_TEST(a_file_that_others_can_write_is_refused)
{
	const char *path, *link;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = make_file(0644);
	link = bw_arena_printf(&arena, "%s/link", dir);
	if (geteuid() == 0) {
		check_load(path, NULL);
		ck_assert_int_eq(chmod(path, 0664), 0);
		check_load(path, " must not be writable by group or others (mode 0664)");
		ck_assert_int_eq(chmod(path, 0646), 0);
		check_load(path, " must not be writable by group or others (mode 0646)");
		ck_assert_int_eq(chmod(path, 0600), 0);
		ck_assert_int_eq(chown(path, 4242, 0), 0);
		check_load(path, " must belong to root, not to user 4242");
	} else {
		check_load(path,
			bw_arena_printf(&arena, " must belong to root, not to user %u", geteuid()));
	}
	ck_assert_int_eq(symlink(path, link), 0);
	check_load(link, " must not be a symbolic link");
	check_load(dir, " must be a regular file");
	ck_assert_int_eq(unlink(path) | unlink(link), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_load(path, " must be a regular file");
	ck_assert_int_eq(unlink(path) | rmdir(dir), 0);
}
END_TEST

START_TEST(a_file_that_was_named_must_be_there)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_load("/nowhere/policy.json", &arena, &policy, &err), -1);
	ck_assert_str_eq(err.text, "open /nowhere/policy.json: no such file or directory");
}
END_TEST

START_TEST(show_gives_every_profile_folded)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{\"x\":{\"user\":{\"uid\":5}}}}");
	auto_free char *text = NULL;
	struct bw_json *tree = NULL;
	const struct bw_json *profiles;
	struct bw_err err = {0};

	bw_policy_write(policy, w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	ck_assert_int_eq(bw_json_parse(text, strlen(text), "show", &arena, &tree, &err), 0);
	profiles = bw_json_get(tree, "profiles");
	ck_assert_uint_eq(profiles->count, 4);
	ck_assert_str_eq(
		bw_json_get(bw_json_get(bw_json_get(profiles, "x"), "user"), "gid")->text, "1001");
}
END_TEST

START_TEST(the_published_examples_are_policies)
{
	static const char *const names[] = {"ecs", "minimal", "site-profile", "watch-first"};
	const char *srcdir = getenv("srcdir");

	for (size_t i = 0; i < BW_COUNT(names); i++) {
		auto_free char *text = NULL;
		struct bw_err err = {0};

		ck_assert_msg(
			bw_read_file(bw_arena_printf(&arena, "%s/config-schema/examples/%s.json",
					     srcdir ? srcdir : ".", names[i]),
				1 << 20, &text, NULL, &err) == 0,
			"%s", err.text);
		const struct bw_policy *policy = parse(text);
		struct bw_notes notes;

		ck_assert_int_eq(bw_policy_lint(policy, &arena, &notes, &err), 0);
		ck_assert_msg(notes.n == 0, "%s: %s", names[i], notes.n ? notes.v[0].text : "");
	}
}
END_TEST

static const struct {
	const char *profile;
	int r;
} images[] = {
	{"compat", 0},
	{"hardened", -1},
	{"untrusted-code", -1},
	{"watched", 1},
	{"trusting", 0},
};

START_TEST(images_of_processes_are_for_profiles_that_say_so)
{
	static const char text[] = "{\"version\": 1, \"profiles\": {"
				   "\"watched\": {\"mode\": \"audit\", \"loosens\": [\"mode\"]},"
				   "\"trusting\": {\"checkpoint\": \"allow\", \"loosens\": [\"checkpoint\"]}}}";
	const struct bw_policy *policy;
	struct bw_err err = {0};
	int r;

	ck_assert_msg(bw_policy_parse(text, sizeof text - 1, "p", &arena, &policy, &err) == 0, "%s", err.text);
	r = bw_profile_check_images(bw_policy_profile(policy, images[_i].profile), "restore", &err);
	ck_assert_int_eq(r, images[_i].r);
	if (r < 0) {
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_str_eq(err.rule, "checkpoint");
		ck_assert_ptr_nonnull(strstr(err.text, "restore: profile "));
	}
}
END_TEST

/* What is looser than the loosest profile there is, too: or exec would find no decision to go by. */
START_TEST(a_profile_that_only_records_can_be_stored)
{
	const struct bw_policy *policy =
		parse("{\"version\":1,\"profiles\":{\"watched\":{\"mode\":\"audit\",\"loosens\":[\"mode\"]}}}");

	ck_assert_str_eq(stored_and_read(bw_policy_profile(policy, "watched"))->mode, "audit");
}
END_TEST

START_TEST(where_the_audit_trail_is_is_stored_with_the_profile)
{
	const struct bw_policy *policy = parse("{\"version\":1,\"audit\":{\"file\":\"/t\",\"keep\":3,\"sinks\":[\"syslog\"]}}");
	const struct bw_profile *p = stored_and_read(bw_policy_profile(policy, "hardened"));

	ck_assert_ptr_nonnull(p->derived.trail);
	ck_assert_str_eq(p->derived.trail->file, "/t");
	ck_assert_uint_eq(p->derived.trail->keep.v, 3);
	ck_assert(!p->derived.trail->max_bytes.set);
	ck_assert_str_eq(p->derived.trail->sinks.v[0], "syslog");
	ck_assert_ptr_null(stored_and_read(bw_policy_profile(parse("{\"version\":1}"), "hardened"))->derived.trail);
}
END_TEST

START_TEST(what_is_recorded_of_a_refusal_is_said_by_profile_and_file)
{
	const struct bw_policy *policy = parse("{\"version\":1,\"audit\":{\"file\":\"/t\"},\"profiles\":{"
					       "\"strict\":{\"audit\":{\"onFailure\":\"refuse\"}},"
					       "\"few\":{\"loosens\":[\"audit.record\"],\"audit\":{\"record\":\"refusals\"}},"
					       "\"none\":{\"loosens\":[\"audit.record\"],\"audit\":{\"record\":\"off\"}}}}");
	struct bw_spec_audit audit;

	ck_assert(bw_profile_audit(policy, bw_policy_profile(policy, "strict"), &audit));
	ck_assert_str_eq(audit.record, "all");
	ck_assert_str_eq(audit.on_failure, "refuse");
	ck_assert_str_eq(audit.trail->file, "/t");
	ck_assert(bw_profile_audit(policy, bw_policy_profile(policy, "few"), &audit));
	ck_assert_str_eq(audit.record, "refusals");
	ck_assert_str_eq(audit.on_failure, "continue");
	ck_assert(!bw_profile_audit(policy, bw_policy_profile(policy, "none"), &audit));
	ck_assert(!bw_profile_audit(policy, bw_policy_profile(policy, "compat"), &audit));
	bw_policy_audit(NULL, &audit);
	ck_assert_str_eq(audit.record, "all");
	ck_assert_ptr_null(audit.trail);
}
END_TEST

START_TEST(whether_a_ttl_or_tenant_is_heard_is_stored_with_the_profile)
{
	const struct bw_policy *policy = parse("{\"version\":1,\"annotations\":{\"ttl\":true}}");
	const struct bw_policy *tenant = parse("{\"version\":1,\"annotations\":{\"tenant\":true}}");

	ck_assert(stored_and_read(bw_policy_profile(tenant, "hardened"))->derived.hears_tenant);
	ck_assert(!stored_and_read(bw_policy_profile(tenant, "hardened"))->derived.hears_ttl);
	ck_assert(!stored_and_read(bw_policy_profile(policy, "hardened"))->derived.hears_tenant);

	policy = parse("{\"version\":1,\"annotations\":{\"session\":true}}");
	ck_assert(stored_and_read(bw_policy_profile(policy, "hardened"))->derived.hears_session);
	policy = parse("{\"version\":1,\"annotations\":{\"ttl\":true}}");
	ck_assert(!stored_and_read(bw_policy_profile(policy, "hardened"))->derived.hears_session);

	ck_assert(bw_policy_profile(policy, "hardened")->derived.hears_ttl);
	ck_assert(stored_and_read(bw_policy_profile(policy, "hardened"))->derived.hears_ttl);
	policy = parse("{\"version\":1,\"annotations\":{\"ttl\":false}}");
	ck_assert(!bw_policy_profile(policy, "hardened")->derived.hears_ttl);
	ck_assert(!stored_and_read(bw_policy_profile(policy, "hardened"))->derived.hears_ttl);
}
END_TEST

static const struct {
	const char *profile, *program;
	bool allowed;
} loggers[] = {
	{"compat", "/usr/bin/logger", false},
	{"hardened", "/usr/bin/logger", false},
	{"untrusted-code", "/usr/bin/logger", false},
	{"logging", "/usr/bin/logger", true},
	{"logging", "/usr/bin//logger", false},
	{"logging", "/usr/bin/logger ", false},
	{"logging", "/usr/bin/logge", false},
	{"logging", "", false},
	{"watched", "/usr/bin/logger", false}, /* also where refusals are only recorded */
};

START_TEST(output_goes_to_the_programs_that_are_listed_and_to_no_other)
{
	const struct bw_policy *policy =
		parse("{\"version\": 1, \"profiles\": {"
		      "\"watched\": {\"mode\": \"audit\", \"loosens\": [\"mode\"]},"
		      "\"logging\": {\"extends\": \"compat\", \"loggers\": {\"allow\": [\"/usr/bin/logger\"]},"
		      "\"loosens\": [\"loggers.allow\"]}}}");
	struct bw_err err = {0};
	int r = bw_profile_check_logger(bw_policy_profile(policy, loggers[_i].profile), loggers[_i].program, &err);

	ck_assert_int_eq(r, loggers[_i].allowed ? 0 : -1);
	if (r < 0) {
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_str_eq(err.rule, "loggers");
		ck_assert_ptr_nonnull(strstr(err.text, "is not among those of loggers.allow of profile "));
	}
	/* And as it is stored, for exec. */
	ck_assert_int_eq(bw_profile_check_logger(stored_and_read(bw_policy_profile(policy, loggers[_i].profile)),
				 loggers[_i].program, &err),
		r);
}
END_TEST

#define NOT_BENEATH(name) "it is not beneath a directory of loggers.files of profile " name
#define NOT_CLEAN(name) \
	"where loggers.files of profile " name " restricts it, it must be an absolute path without //, . and .."

/* logs stands on hardened, and logs-of-one on logs. */
static const char log_policy[] =
	"{\"version\": 1, \"profiles\": {"
	"\"watched\": {\"mode\": \"audit\", \"loosens\": [\"mode\"]},"
	"\"kept\": {\"extends\": \"compat\", \"loggers\": {\"files\": []}},"
	"\"logs\": {\"loggers\": {\"files\": [\"/srv/logs\", \"/var/log/x\"]}, \"loosens\": [\"loggers.files\"]},"
	"\"logs-of-one\": {\"extends\": \"logs\", \"loggers\": {\"files\": [\"/srv/logs/one\"]}},"
	"\"all\": {\"loggers\": {\"files\": [\"/\"]}, \"loosens\": [\"loggers.files\"]}}}";

static const struct {
	const char *profile, *path;
	bool restricted;
	const char *refused; /* NULL: it is not */
} log_files[] = {
	{"compat", "/etc/crontab", false, NULL},
	{"compat", "/etc/../x//y", false, NULL},
	{"hardened", "/var/log/x/log", true, NOT_BENEATH("hardened")},
	{"untrusted-code", "/var/log/x/log", true, NOT_BENEATH("untrusted-code")},
	{"watched", "/var/log/x/log", true, NOT_BENEATH("watched")}, /* also where refusals are only recorded */
	{"kept", "/var/log/x/log", true, NOT_BENEATH("kept")},
	{"logs", "/var/log/x/log", true, NULL},
	{"logs", "/srv/logs/one/log", true, NULL},
	{"logs", "/var/log/x", true, NOT_BENEATH("logs")},
	{"logs", "/var/log/xy/log", true, NOT_BENEATH("logs")},
	{"logs", "/var/log/log", true, NOT_BENEATH("logs")},
	{"logs", "/etc/crontab", true, NOT_BENEATH("logs")},
	{"logs", "/var/log/x/../../../etc/crontab", true, NOT_CLEAN("logs")},
	{"logs", "/var/log/x/./log", true, NOT_CLEAN("logs")},
	{"logs", "/var/log/x//log", true, NOT_CLEAN("logs")},
	{"logs", "/var/log/x/log/", true, NOT_CLEAN("logs")},
	{"logs", "var/log/x/log", true, NOT_CLEAN("logs")},
	{"logs", "", true, NOT_CLEAN("logs")},
	{"logs-of-one", "/srv/logs/one/log", true, NULL},
	{"logs-of-one", "/srv/logs/two/log", true, NOT_BENEATH("logs-of-one")},
	{"all", "/etc/crontab", true, NULL},
	{"all", "/", true, NOT_BENEATH("all")},
};

static void check_log_file(const struct bw_profile *profile, int i)
{
	bool restricted = !log_files[i].restricted;
	struct bw_err err = {0};
	int r = bw_profile_check_log_file(profile, log_files[i].path, &restricted, &err);

	ck_assert_int_eq(r, log_files[i].refused ? -1 : 0);
	if (r == 0) {
		ck_assert_int_eq(restricted, log_files[i].restricted);
		return;
	}
	ck_assert_int_eq(err.code, BW_E_DENIED);
	ck_assert_str_eq(err.rule, "loggers");
	ck_assert_str_eq(err.text,
		bw_arena_printf(&arena, "the policy refuses output to the file %s: %s", log_files[i].path, log_files[i].refused));
	ck_assert_str_eq(err.field, bw_arena_printf(&arena, "/profiles/%s/loggers/files", log_files[i].profile));
}

START_TEST(output_goes_to_files_beneath_the_listed_directories_alone)
{
	const struct bw_profile *profile = bw_policy_profile(parse(log_policy), log_files[_i].profile);

	check_log_file(profile, _i);
	/* And as it is stored, for exec. */
	check_log_file(stored_and_read(profile), _i);
}
END_TEST

static const struct {
	const char *files, *of; /* lists; NULL: absent */
	bool strict;
} narrower[] = {
	{NULL, NULL, true},
	{"", NULL, true},
	{"\"/\"", NULL, true},
	{"", "", true},
	{"\"/a\"", "", false},
	{"", "\"/a\"", true},
	{"\"/a/b\",\"/c\"", "\"/c\",\"/a\"", true},
	{"\"/a/b\",\"/d\"", "\"/c\",\"/a\"", false},
	{"\"/ab\"", "\"/a\"", false},
	{"\"/a\"", "\"/a/b\"", false},
	{NULL, "\"/\"", false},
};

/* A profile that stands on compat with that list. */
static const struct bw_profile *with_log_files(const char *list)
{
	const char *section = list ? bw_arena_printf(&arena, ",\"loggers\":{\"files\":[%s]}", list) : "";

	return bw_policy_profile(
		parse(bw_arena_printf(&arena, "{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"compat\"%s}}}", section)), "x");
}

START_TEST(directories_within_others_are_stricter)
{
	char row[64];
	bool looser = bw_profile_looser_in(with_log_files(narrower[_i].files), with_log_files(narrower[_i].of), row, sizeof row);

	ck_assert_int_eq(looser, !narrower[_i].strict);
	ck_assert(!looser || bw_streq(row, "loggers.files"));
}
END_TEST

START_TEST(who_is_refused_a_log_file_hears_what_to_write)
{
	struct bw_err err = {0};
	bool restricted;

	ck_assert_int_eq(bw_profile_check_log_file(
				 bw_policy_profile(parse(log_policy), "hardened"), "/srv/logs/one/log", &restricted, &err), -1);
	ck_assert_str_eq(err.hint,
		"\"loggers\": { \"files\": [ \"/srv/logs/one\" ] } in the profile, \"loggers.files\" in its \"loosens\"");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_fault_is_named_with_its_place, 0, (int)BW_COUNT(wrong));
	tcase_add_test(t, what_is_stored_of_a_profile_has_its_secrets);
	tcase_add_test(t, a_profile_that_only_records_can_be_stored);
	tcase_add_test(t, where_the_audit_trail_is_is_stored_with_the_profile);
	tcase_add_test(t, what_is_recorded_of_a_refusal_is_said_by_profile_and_file);
	tcase_add_test(t, whether_a_ttl_or_tenant_is_heard_is_stored_with_the_profile);
	tcase_add_loop_test(
		t, output_goes_to_the_programs_that_are_listed_and_to_no_other, 0, (int)BW_COUNT(loggers));
	tcase_add_loop_test(
		t, output_goes_to_files_beneath_the_listed_directories_alone, 0, (int)BW_COUNT(log_files));
	tcase_add_loop_test(t, directories_within_others_are_stricter, 0, (int)BW_COUNT(narrower));
	tcase_add_test(t, who_is_refused_a_log_file_hears_what_to_write);
	tcase_add_loop_test(t, the_gate_lets_out_what_is_listed_and_its_registries, 0, (int)BW_COUNT(gates));
	tcase_add_test(t, every_row_of_a_profile_has_a_sentence_and_an_order);
	tcase_add_test(t, a_profile_without_extends_stands_on_hardened);
	tcase_add_test(t, a_built_in_name_that_extends_itself_changes_the_built_in);
	tcase_add_test(t, a_built_in_name_without_extends_changes_the_built_in);
	tcase_add_test(t, lists_replace_and_maps_are_joined);
	tcase_add_test(t, folding_leaves_the_base_as_it_was);
	tcase_add_test(t, a_chain_that_is_too_long_is_refused);
	tcase_add_test(t, the_built_in_profiles_are_ordered);
	tcase_add_loop_test(t, strictness_is_compared_row_by_row, 0, (int)BW_COUNT(stricter));
	tcase_add_loop_test(t, the_profile_is_chosen_by_flag_then_rule_then_annotation_then_default,
		0, (int)BW_COUNT(choices));
	tcase_add_loop_test(t, a_file_of_facts_is_read_strictly, 0, (int)BW_COUNT(fact_files));
	tcase_add_test(t, nothing_is_needed_that_no_rule_asks_for);
	tcase_add_test(t, docker_s_data_are_where_the_policy_says);
	tcase_add_test(t, each_rule_says_what_it_makes_of_the_facts);
	tcase_add_test(t, every_fact_is_in_the_manual);
	tcase_add_loop_test(t, lint_warns_of_what_is_right_in_form_alone, 0, (int)BW_COUNT(lints));
	tcase_add_test(t, a_file_that_others_can_write_is_refused);
	tcase_add_test(t, a_file_that_was_named_must_be_there);
	tcase_add_test(t, show_gives_every_profile_folded);
	tcase_add_test(t, the_published_examples_are_policies);
	tcase_add_loop_test(t, images_of_processes_are_for_profiles_that_say_so, 0, (int)BW_COUNT(images));
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
