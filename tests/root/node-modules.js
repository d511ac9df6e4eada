// SPDX-License-Identifier: Apache-2.0
// What node's own modules ask of a kernel, a case for each: "NAME ok", or what went wrong. Everything stays on loopback and
// beneath /tmp. For python-node.sh, which runs it with a filter and without.
'use strict';
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { once } = require('events');
const { promisify } = require('util');

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'node-'));
const file = (name) => path.join(scratch, name);
const listening = async (server, ...where) => {
	server.listen(...where);
	await once(server, 'listening');
	return server.address();
};
const text = async (stream) => {
	let all = '';
	for await (const chunk of stream) all += chunk;
	return all;
};
const get = (module, options) => new Promise((resolve, reject) =>
	module.get(options, (response) => resolve(text(response))).on('error', reject));

// Self-signed, for localhost, made by the test that runs this.
const certificate = () => ({
	key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CERT),
});

const cases = {
	async fs() {
		const name = file('a');
		fs.writeFileSync(name, 'text');
		fs.appendFileSync(name, ' more');
		fs.copyFileSync(name, file('b'));
		fs.copyFileSync(name, file('c'), fs.constants.COPYFILE_FICLONE);
		fs.cpSync(name, file('d'), { preserveTimestamps: true });
		fs.linkSync(name, file('hard'));
		fs.symlinkSync('a', file('soft'));
		fs.renameSync(file('b'), file('e'));
		fs.chmodSync(name, 0o600);
		fs.lutimesSync(file('soft'), 1, 2);
		fs.truncateSync(name, 4);
		fs.accessSync(name, fs.constants.W_OK);
		fs.statfsSync(scratch);
		assert.strictEqual(fs.readFileSync(file('soft'), 'utf8'), 'text');
		const handle = await fs.promises.open(name, 'r+');
		await handle.writev([Buffer.from('ab'), Buffer.from('cd')], 0);
		await handle.readv([Buffer.alloc(2), Buffer.alloc(2)], 0);
		await handle.datasync();
		await handle.sync();
		await handle.chmod(0o644);
		await handle.close();
		for await (const entry of await fs.promises.opendir(scratch)) assert(entry.name);
		assert.strictEqual(fs.realpathSync.native(file('soft')), fs.realpathSync(name));
	},
	async 'fs.watch'() {
		const name = file('watched');
		fs.writeFileSync(name, '');
		const watcher = fs.watch(scratch);
		setTimeout(() => fs.appendFileSync(name, 'x'), 20);
		await once(watcher, 'change');
		watcher.close();
		fs.watchFile(name, { interval: 20 }, () => {});
		fs.unwatchFile(name);
	},
	async child_process() {
		const { execFile, execFileSync, fork, spawn, spawnSync } = require('child_process');
		const node = process.execPath;
		assert.strictEqual(String(execFileSync(node, ['-p', '6*7'])).trim(), '42');
		assert.strictEqual((await promisify(execFile)(node, ['-p', '1'])).stdout, '1\n');
		assert.strictEqual(spawnSync(node, ['-p', '2'], { stdio: ['inherit', 'pipe', 'ignore'] }).status, 0);
		const cat = spawn(node, ['-e', 'process.stdin.pipe(process.stdout)'], { detached: true });
		cat.stdin.end('through');
		assert.strictEqual(await text(cat.stdout), 'through');
		const sleeper = spawn(node, ['-e', 'setInterval(() => {}, 1000)']);
		await once(sleeper, 'spawn');
		sleeper.kill('SIGTERM');
		assert.strictEqual((await once(sleeper, 'exit'))[1], 'SIGTERM');
		const echo = file('echo.js');
		fs.writeFileSync(echo, 'process.on("message", (m) => { process.send(m); process.disconnect(); })');
		const child = fork(echo, { serialization: 'advanced' });
		child.send({ n: 1n });
		assert.strictEqual((await once(child, 'message'))[0].n, 1n);
	},
	async cluster() {
		const cluster = require('cluster');
		const program = file('worker.js');
		fs.writeFileSync(program, 'require("http").createServer((q, r) => r.end(String(process.pid))).listen(0, "127.0.0.1")');
		for (const policy of [cluster.SCHED_RR, cluster.SCHED_NONE]) {
			cluster.schedulingPolicy = policy;
			cluster.setupPrimary({ exec: program });
			const worker = cluster.fork();
			const [address] = await once(worker, 'listening');
			assert.strictEqual(await get(require('http'), { port: address.port, host: '127.0.0.1', agent: false }),
				String(worker.process.pid));
			worker.kill();
			await once(worker, 'exit');
		}
	},
	async worker_threads() {
		const { Worker, MessageChannel } = require('worker_threads');
		const shared = new SharedArrayBuffer(4);
		const workers = [...Array(4)].map(() => new Worker(`
			const { workerData, parentPort } = require('worker_threads');
			Atomics.add(new Int32Array(workerData), 0, 1);
			Atomics.notify(new Int32Array(workerData), 0);
			parentPort.postMessage(require('os').cpus().length);`,
		{ eval: true, workerData: shared, resourceLimits: { maxOldGenerationSizeMb: 64 } }));
		await Promise.all(workers.map((worker) => once(worker, 'exit')));
		assert.strictEqual(new Int32Array(shared)[0], 4);
		assert.strictEqual(Atomics.wait(new Int32Array(shared), 0, 4, 5), 'timed-out');
		new MessageChannel().port1.close();
	},
	async net() {
		const net = require('net');
		for (const where of [[0, '127.0.0.1'], [0, '::1'], [file('socket')], ['\0' + scratch]]) {
			if (where[1] === '::1' && !os.networkInterfaces().lo?.some((a) => a.family === 'IPv6')) continue;
			const server = net.createServer((c) => c.pipe(c));
			const address = await listening(server, ...where);
			const client = net.connect(address.port ? { port: address.port, host: where[1] } : where[0]);
			client.setNoDelay?.(true);
			client.setKeepAlive?.(true, 1000);
			client.end('back');
			assert.strictEqual(await text(client), 'back');
			server.close();
		}
	},
	async dgram() {
		const dgram = require('dgram');
		const receiver = dgram.createSocket({ type: 'udp4', reuseAddr: true });
		receiver.bind(0, '127.0.0.1');
		await once(receiver, 'listening');
		receiver.setBroadcast(true);
		receiver.setTTL(3);
		receiver.setMulticastTTL(3);
		receiver.setMulticastLoopback(true);
		receiver.setRecvBufferSize(4096);
		const sender = dgram.createSocket('udp4');
		sender.connect(receiver.address().port, '127.0.0.1', () => sender.send(['a', 'b']));
		assert.strictEqual(String((await once(receiver, 'message'))[0]), 'ab');
		sender.close();
		receiver.close();
	},
	async http() {
		const http = require('http');
		const server = http.createServer((q, r) => fs.createReadStream(file('a')).pipe(r));
		const { port } = await listening(server, 0, '127.0.0.1');
		assert.strictEqual(await get(http, { port, host: 'localhost', family: 4 }), 'abcd');
		assert.strictEqual(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'abcd');
		server.closeAllConnections();
		server.close();
	},
	async http2() {
		const http2 = require('http2');
		const server = http2.createServer();
		server.on('stream', (stream) => stream.respondWithFile(file('a')));
		const { port } = await listening(server, 0, '127.0.0.1');
		const client = http2.connect(`http://127.0.0.1:${port}`);
		assert.strictEqual(await text(client.request({ ':path': '/' })), 'abcd');
		client.close();
		server.close();
	},
	async 'tls, https'() {
		const https = require('https');
		const server = https.createServer(certificate(), (q, r) => r.end(q.socket.getProtocol()));
		const { port } = await listening(server, 0, '127.0.0.1');
		assert.strictEqual(await get(https, { port, host: '127.0.0.1', servername: 'localhost',
			ca: certificate().cert, agent: false }), 'TLSv1.3');
		server.close();
	},
	async zlib() {
		const zlib = require('zlib');
		const data = Buffer.alloc(100000, 'text');
		for (const [pack, unpack] of [['gzip', 'gunzip'], ['deflateRaw', 'inflateRaw'], ['brotliCompress', 'brotliDecompress']])
			assert(data.equals(await promisify(zlib[unpack])(await promisify(zlib[pack])(data))));
	},
	async crypto() {
		const crypto = require('crypto');
		await promisify(crypto.randomBytes)(16);
		await promisify(crypto.scrypt)('password', 'salt', 32);
		await promisify(crypto.pbkdf2)('password', 'salt', 1000, 32, 'sha512');
		const { privateKey, publicKey } = await promisify(crypto.generateKeyPair)('ed25519');
		assert(crypto.verify(null, Buffer.from('x'), publicKey, crypto.sign(null, Buffer.from('x'), privateKey)));
		assert.strictEqual((await crypto.subtle.digest('SHA-256', Buffer.from('x'))).byteLength, 32);
		assert.strictEqual(crypto.randomUUID().length, 36);
		await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
	},
	async wasm() {
		// (func (export "f") (result i32) i32.const 42), with a memory of one page
		const { instance } = await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1,
			127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11]));
		assert.strictEqual(instance.exports.f(), 42);
		new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true }).grow(2);
	},
	async perf_hooks() {
		const { performance, monitorEventLoopDelay, PerformanceObserver } = require('perf_hooks');
		const histogram = monitorEventLoopDelay({ resolution: 1 });
		histogram.enable();
		const seen = new Promise((resolve) => new PerformanceObserver(resolve).observe({ entryTypes: ['mark'] }));
		performance.mark('here');
		await seen;
		performance.eventLoopUtilization();
		histogram.disable();
	},
	async inspector() {
		const inspector = require('inspector');
		const session = new inspector.Session();
		session.connect();
		const post = promisify(session.post.bind(session));
		await post('Profiler.enable');
		await post('Profiler.start');
		assert((await post('Profiler.stop')).profile.nodes.length > 0);
		session.disconnect();
		inspector.open(0, '127.0.0.1');
		assert(inspector.url());
		inspector.close();
	},
	async 'readline, tty'() {
		const readline = require('readline');
		const lines = [];
		for await (const line of readline.createInterface({ input: fs.createReadStream(file('a')) })) lines.push(line);
		assert.deepStrictEqual(lines, ['abcd']);
		require('tty').isatty(0);
		process.stdout.getColorDepth?.();
	},
	async dns() {
		const dns = require('dns');
		assert((await dns.promises.lookup('localhost')).address);
		assert((await dns.promises.lookupService('127.0.0.1', 22)).service);
		const resolver = new dns.promises.Resolver({ timeout: 50, tries: 1 });
		resolver.setServers(['127.0.0.1:9']);
		await assert.rejects(resolver.resolve4('name.invalid'), { code: /ECONNREFUSED|ETIMEOUT/ });
	},
	async v8() {
		const v8 = require('v8');
		assert.deepStrictEqual(v8.deserialize(v8.serialize({ a: [1n] })), { a: [1n] });
		v8.getHeapStatistics();
		v8.getHeapSpaceStatistics();
	},
	async 'async_hooks, timers'() {
		const { AsyncLocalStorage } = require('async_hooks');
		const { setTimeout: wait, setImmediate: soon, setInterval: ticks } = require('timers/promises');
		const storage = new AsyncLocalStorage();
		await storage.run(7, async () => {
			await wait(2);
			await soon();
			assert.strictEqual(storage.getStore(), 7);
		});
		for await (const tick of ticks(1, 'tick')) {
			assert.strictEqual(tick, 'tick');
			break;
		}
	},
	async streams() {
		const { pipeline } = require('stream/promises');
		const { createGzip, createGunzip } = require('zlib');
		fs.writeFileSync(file('large'), Buffer.alloc(1 << 20, 'x'));
		await pipeline(fs.createReadStream(file('large')), createGzip(), createGunzip(), fs.createWriteStream(file('again')));
		assert.strictEqual(fs.statSync(file('again')).size, 1 << 20);
		assert.strictEqual(await new Blob(['a', 'b']).text(), 'ab');
	},
	async 'url, vm'() {
		assert.strictEqual(new URL('http://ex\u00e4mple.invalid/').hostname, 'xn--exmple-cua.invalid');
		const vm = require('vm');
		assert.strictEqual(new vm.Script('x + 1').runInNewContext({ x: 1 }), 2);
		assert.throws(() => vm.runInNewContext('for (;;) {}', {}, { timeout: 20 }), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
		await import('data:text/javascript,export default 1');
	},
	async 'os, process'() {
		os.cpus();
		os.networkInterfaces();
		os.loadavg();
		os.userInfo();
		os.setPriority(0, os.getPriority(0));
		process.umask(0o22);
		process.resourceUsage();
		process.report.getReport();
		process.title = 'renamed';
		process.kill(process.pid, 0);
		process.setuid(process.getuid());
		const heard = once(process, 'SIGUSR2');
		process.kill(process.pid, 'SIGUSR2');
		await heard;
	},
};

(async () => {
	for (const [name, run] of Object.entries(cases)) {
		let answer = 'ok', timer;
		const late = new Promise((_, reject) => { timer = setTimeout(reject, 15000, new Error('takes too long')); });
		await Promise.race([run(), late]).catch((error) => { answer = error.stack; });
		clearTimeout(timer);
		console.log(name, answer);
	}
	fs.rmSync(scratch, { recursive: true });
	process.exit(0);
})();
