/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp_live.c - the filters in the kernel: children that load them by the control's own
 * steps and then make calls, or become python3 and node. Needs no root; sockets stay in a network
 * namespace of their own, whose only interface is lo. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/control.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { CANNOT_LOAD = 120, NOT_INSTALLED = 127 };

static struct bw_arena arena;
static struct bw_err err;

static const char *const filters[] = {NULL, "baseline", "python-node"};

/* The steps for one of our filters, under docker's profile when callers is set. */
static void plan_for(const char *baseline, bool callers, struct bw_plan *plan)
{
	static struct bw_host host;
	static struct bw_spec_process process = {.no_new_privileges = {true, true}};
	static struct bw_spec_hardening hardening;
	const char *top = getenv("srcdir");
	struct bw_spec *docker, spec = {0};
	struct bw_request request = {
		.spec = &spec, .process = &process, .host = &host, .arena = &arena};
	auto_free char *text = NULL;
	char path[PATH_MAX];
	size_t len;

	memset(&err, 0, sizeof err);
	memset(&host, 0, sizeof host);
	snprintf(path, sizeof path, "%s/tests/data/docker-default.json", top ? top : ".");
	ck_assert_msg(bw_read_file(path, 1 << 20, &text, &len, &err) == 0, "%s", err.text);
	ck_assert_int_eq(bw_spec_parse(text, len, path, &arena, &docker, NULL, &err), 0);
	hardening.seccomp_baseline = (char *)(uintptr_t)baseline;
	spec.hardening = &hardening;
	spec.linux_ = callers ? docker->linux_ : NULL;
	ck_assert_int_eq(bw_seccomp.probe(&host, &arena, &err), 0);
	ck_assert_msg(bw_seccomp.prepare(&request, plan, &err) == 0, "%s", err.text);
}

/* In the child. */
static void load(const struct bw_plan *plan)
{
	struct bw_child child = {.root = -1};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(CANNOT_LOAD);
	for (size_t i = 0; i < plan->n; i++)
		if (bw_seccomp_apply(&child, plan->steps[i].op, bw_plan_data(plan, &plan->steps[i]),
			    plan->steps[i].len) < 0)
			_exit(CANNOT_LOAD);
}

static int finish(pid_t pid)
{
	int status = 0;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* errno 0: the call gets through to the kernel proper, whatever that says to nonsense. */
static const struct {
	const char *what;
	long number, args[3];
	int baseline, python_node;
} matrix[] = {
	{"getpid", SYS_getpid, {0}, 0, 0},
	{"socket unix", SYS_socket, {1, 1, 0}, 0, 0},
	{"socket inet", SYS_socket, {2, 1, 6}, 0, 0},
	{"socket netlink route", SYS_socket, {16, 3, 0}, 0, 0},
	{"socket netlink audit", SYS_socket, {16, 3, 9}, EPROTONOSUPPORT, EPROTONOSUPPORT},
	{"socket alg", SYS_socket, {38, 5, 0}, EPERM, EPERM},
	{"socket vsock", SYS_socket, {40, 1, 0}, EPERM, EPERM},
	{"socket packet", SYS_socket, {17, 3, 0}, EPERM, EPERM},
	{"socket raw", SYS_socket, {2, 3, 1}, EPERM, EPERM},
	{"socketpair alg", SYS_socketpair, {38, 5, 0}, EPERM, EPERM},
	{"tcp_ulp", SYS_setsockopt, {-1, 6, 31}, EPERM, EPERM},
	{"tiocsti", SYS_ioctl, {-1, 0x5412, 0}, EPERM, EPERM},
	{"tiocsti, dirty", SYS_ioctl, {-1, 0x5412 | 1L << 40, 0}, EPERM, EPERM},
	{"clone newuser", SYS_clone, {0x10000011, 0, 0}, EPERM, EPERM},
	{"clone3", SYS_clone3, {0, 0, 0}, ENOSYS, ENOSYS},
	{"unshare", SYS_unshare, {0x10000000, 0, 0}, EPERM, EPERM},
	{"mount", SYS_mount, {0, 0, 0}, EPERM, EPERM},
	{"fsopen", SYS_fsopen, {0, 0, 0}, EPERM, EPERM},
	{"io_uring_setup", SYS_io_uring_setup, {1, 0, 0}, EPERM, EPERM},
	{"keyctl", SYS_keyctl, {0, -3, 0}, EPERM, EPERM},
	{"bpf", SYS_bpf, {0, 0, 0}, EPERM, EPERM},
	{"userfaultfd", SYS_userfaultfd, {0, 0, 0}, EPERM, EPERM},
	{"ptrace", SYS_ptrace, {0, 0, 0}, EPERM, EPERM},
	{"personality ask", SYS_personality, {0xffffffff, 0, 0}, 0, 0},
	{"personality read implies exec", SYS_personality, {0x400000, 0, 0}, EPERM, EPERM},
	{"memfd_create", SYS_memfd_create, {0, 0, 0}, 0, ENOSYS},
	{"splice", SYS_splice, {-1, 0, -1}, 0, ENOSYS},
	{"futex lock pi", SYS_futex, {0, 6, 0}, 0, ENOSYS},
	{"fchmodat2", 452, {-1, 0, 0}, 0, 0},
	{"number 600", 600, {0}, ENOSYS, ENOSYS},
};

/* Returns the row, counted from 1, that was answered wrongly; in the child, so without check's
 * macros. */
static int wrong_row(bool python_node)
{
	for (size_t i = 0; i < BW_COUNT(matrix); i++) {
		int want = python_node ? matrix[i].python_node : matrix[i].baseline, got;

		errno = 0;
		syscall(matrix[i].number, matrix[i].args[0], matrix[i].args[1], matrix[i].args[2],
			0, 0, 0);
		got = errno == EPERM || errno == ENOSYS || errno == EPROTONOSUPPORT ? errno : 0;
		if (got != want)
			return (int)i + 1;
	}
	return 0;
}

START_TEST(every_call_of_the_matrix_is_answered_by_the_kernel_as_designed)
{
	bool python_node = _i % 2;
	bool callers = _i / 2;
	struct bw_plan plan = BW_PLAN_INIT;
	int status;
	pid_t pid;

	/* Docker's profile says its own to some rows; there only that both can be loaded counts. */
	plan_for(filters[1 + python_node], callers, &plan);
	pid = fork();
	if (pid == 0) {
		load(&plan);
		_exit(callers ? 0 : wrong_row(python_node));
	}
	status = finish(pid);
	ck_assert(WIFEXITED(status));
	ck_assert_msg(WEXITSTATUS(status) == 0, "%s: %d %s", filters[1 + python_node],
		WEXITSTATUS(status),
		WEXITSTATUS(status) <= (int)BW_COUNT(matrix) && WEXITSTATUS(status)
			? matrix[WEXITSTATUS(status) - 1].what
			: "");
	bw_plan_done(&plan);
}
END_TEST

#if defined(__x86_64__)
static void call_i386(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20L) : "memory");
}

static void call_x32(void)
{
	syscall(0x40000000L | SYS_getpid);
}

START_TEST(a_call_through_another_abi_is_the_last_one)
{
	static void (*const calls[])(void) = {call_i386, call_x32};
	struct bw_plan plan = BW_PLAN_INIT;
	int status;
	pid_t pid;

	plan_for(filters[1 + _i % 2], false, &plan);
	pid = fork();
	if (pid == 0) {
		load(&plan);
		calls[_i / 2]();
		_exit(0);
	}
	status = finish(pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
	bw_plan_done(&plan);
}
END_TEST
#endif

/* A network of our own with lo up; where that may not be had, the program is told to leave sockets
 * out. */
static void own_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0)
		setenv("LOOPBACK", "1", 1);
	close(fd);
}

static const struct {
	const char *what;
	const char *argv[4];
} programs[] = {
	{"python: threads, processes, files",
		{"python3", "-c",
			"import threading,subprocess,sys,os,tempfile,shutil,multiprocessing as "
			"m,signal,time,select\n"
			"r=[]\n"
			"t=[threading.Thread(target=lambda i=i:r.append(i)) for i in range(8)]\n"
			"[x.start() for x in t];[x.join() for x in t]\n"
			"assert len(r)==8\n"
			"assert "
			"subprocess.check_output([sys.executable,'-c','print(6*7)']).strip()==b'42'"
			"\n"
			"assert "
			"subprocess.run([sys.executable,'-c','0'],close_fds=False,start_new_"
			"session=True)"
			".returncode==0\n"
			"c=m.get_context('fork')\n"
			"q=c.SimpleQueue()\n"
			"p=c.Process(target=q.put,args=(5,));p.start();assert q.get()==5;p.join()\n"
			"d=tempfile.mkdtemp();f=os.path.join(d,'a');open(f,'w').write('x')\n"
			"shutil.copy2(f,f+'2');os.chmod(f,0o600);os.utime(f);os.rename(f,f+'3');os."
			"mkfifo(f)\n"
			"os.symlink('a',f+'4');os.statvfs(d);shutil.rmtree(d)\n"
			"os.getrandom(8);os.sched_getaffinity(0);os.cpu_count();os.nice(0)\n"
			"signal.setitimer(signal.ITIMER_REAL,0);time.sleep(0.001)\n"
			"a,b=os.openpty();os.isatty(a);os.get_terminal_size(b)\n"}},
	{"python: sockets, asyncio, sqlite, ssl",
		{"python3", "-c",
			"import asyncio,socket,os,ssl,sqlite3,sys\n"
			"ssl.create_default_context()\n"
			"db=sqlite3.connect(':memory:');db.execute('create table t(a)')\n"
			"a,b=socket.socketpair();a.send(b'x');assert b.recv(1)==b'x'\n"
			"socket.if_nameindex()\n"
			"async def echo(r,w):\n"
			" w.write(await r.read(5));await w.drain();w.close()\n"
			"async def main():\n"
			" p=await asyncio.create_subprocess_exec(sys.executable,'-c','0');assert "
			"await p.wait()==0\n"
			" if 'LOOPBACK' not in os.environ: return\n"
			" s=await asyncio.start_server(echo,'127.0.0.1',0)\n"
			" r,w=await asyncio.open_connection(*s.sockets[0].getsockname())\n"
			" w.write(b'hello');assert await r.read(5)==b'hello';w.close();s.close()\n"
			"asyncio.run(main())\n"}},
	{"node: timers, workers, processes, files, wasm",
		{"node", "-e",
			"const "
			"fs=require('fs'),os=require('os'),cp=require('child_process'),w=require('"
			"worker_threads');"
			"const d=fs.mkdtempSync(os.tmpdir()+'/bw-');fs.writeFileSync(d+'/a','x');"
			"fs.copyFileSync(d+'/a',d+'/b');fs.rmSync(d,{recursive:true});"
			"if(String(cp.execFileSync(process.execPath,['-p','6*7'])).trim()!=='42')"
			"process.exit(3);"
			"new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0]));"
			"os.cpus();os.networkInterfaces();require('crypto').randomBytes(8);"
			"let n=0;const done=()=>{if(++n===2)process.exit(0)};"
			"new "
			"w.Worker('require(\"worker_threads\").parentPort.postMessage(1)',{eval:"
			"true})"
			".on('message',done).on('error',()=>process.exit(4));"
			"fs.promises.readFile('/proc/self/status').then(done,()=>process.exit(5));"
			"setTimeout(()=>process.exit(6),20000)"}},
	{"node: sockets",
		{"node", "-e",
			"if(!process.env.LOOPBACK)process.exit(0);"
			"const net=require('net'),http=require('http');"
			"const s=http.createServer((q,r)=>r.end('hi')).listen(0,'127.0.0.1',()=>"
			"http.get({port:s.address().port,host:'127.0.0.1'},r=>{let "
			"t='';r.on('data',c=>t+=c);"
			"r.on('end',()=>process.exit(t==='hi'?0:3))}));"
			"setTimeout(()=>process.exit(6),20000)"}},
};

static bool installed(const char *program)
{
	char command[64];

	snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
	return system(command) == 0;
}

START_TEST(python_and_node_run_under_the_filters)
{
	size_t which = (size_t)_i / 4;
	bool callers = _i % 2;
	const char *baseline = filters[1 + _i / 2 % 2];
	struct bw_plan plan = BW_PLAN_INIT;
	int status;
	pid_t pid;

	if (!installed(programs[which].argv[0])) {
		fprintf(stderr, "skipped: no %s here\n", programs[which].argv[0]);
		return;
	}
	plan_for(baseline, callers, &plan);
	pid = fork();
	if (pid == 0) {
		own_network();
		load(&plan);
		execvp(programs[which].argv[0], (char *const *)(uintptr_t)programs[which].argv);
		_exit(NOT_INSTALLED);
	}
	status = finish(pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s under %s%s: status %x",
		programs[which].what, baseline, callers ? " and docker's" : "", (unsigned)status);
	bw_plan_done(&plan);
}
END_TEST

static void teardown(void)
{
	bw_arena_done(&arena);
}

int main(void)
{
	Suite *suite = suite_create("seccomp, live");
	TCase *live = tcase_create("live");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(live, NULL, teardown);
	tcase_set_timeout(live, 60);
	tcase_add_loop_test(
		live, every_call_of_the_matrix_is_answered_by_the_kernel_as_designed, 0, 4);
#if defined(__x86_64__)
	tcase_add_loop_test(live, a_call_through_another_abi_is_the_last_one, 0, 4);
#endif
	tcase_add_loop_test(
		live, python_and_node_run_under_the_filters, 0, 4 * (int)BW_COUNT(programs));
	suite_add_tcase(suite, live);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
