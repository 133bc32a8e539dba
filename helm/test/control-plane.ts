/**
 * A Kubernetes cluster on loopback: its own API server, controllers and scheduler, and kwok in place of kubelets. No container
 * runs and no network policy holds.
 */
import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnBound } from '@tcewatch/testing/bound-child';
import { freePorts } from '@tcewatch/testing/kafka';
import { getHttps, makeCertificates } from '@tcewatch/testing/tls';
import { stringify } from 'yaml';
import { tools } from './chart.js';
import type { Said } from './chart.js';

/** Two slow cores may be busy with other tests. */
const START_LIMIT_MS = 300_000;
const POLL_MS = 100;

export class ControlPlane {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tcewatch-k8s-'));
  readonly #processes: ChildProcess[] = [];
  readonly #token = randomBytes(16).toString('hex');
  readonly #kubeconfig = join(this.#directory, 'kubeconfig');

  /** Resolves when Pods can be made. */
  static async start(): Promise<ControlPlane> {
    const plane = new ControlPlane();
    try {
      await plane.#start();
      return plane;
    } catch (error) {
      await plane.close();
      throw error;
    }
  }

  /** Environment of programs that talk to it. */
  get env(): NodeJS.ProcessEnv {
    const home = Object.fromEntries(['CACHE', 'CONFIG', 'DATA'].map((of) => [`HELM_${of}_HOME`, this.#directory]));
    return { ...process.env, ...home, KUBECONFIG: this.#kubeconfig };
  }

  kubectl(args: readonly string[], input?: string): Said {
    return spawnSync(`${tools()}/cp`, ['kubectl', ...args], {
      encoding: 'utf8',
      input,
      env: this.env,
      maxBuffer: 2 ** 28,
    });
  }

  /** Runs kubectl and returns what it prints; throws its error. */
  ask(...args: string[]): string {
    const { status, stdout, stderr } = this.kubectl(args);
    if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async close(): Promise<void> {
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#directory, { recursive: true });
  }

  async #start(): Promise<void> {
    const [client = 0, peer = 0, api = 0, controllers = 0, scheduler = 0] = await freePorts(5);
    const { ca } = await this.#writeFiles(api);
    const etcd = (port: number) => `http://127.0.0.1:${port}`;
    this.#run('etcd', [
      ...['--name=t', `--data-dir=${this.#directory}/etcd`, '--unsafe-no-fsync', '--log-level=warn'],
      ...[`--listen-client-urls=${etcd(client)}`, `--advertise-client-urls=${etcd(client)}`],
      ...[`--listen-peer-urls=${etcd(peer)}`, `--initial-advertise-peer-urls=${etcd(peer)}`],
      `--initial-cluster=t=${etcd(peer)}`,
    ]);
    this.#run('kube-apiserver', [
      ...[`--etcd-servers=${etcd(client)}`, '--bind-address=127.0.0.1', '--advertise-address=127.0.0.1'],
      ...[`--secure-port=${api}`, '--tls-cert-file=tls.crt', '--tls-private-key-file=tls.key', '--cert-dir=.'],
      ...['--token-auth-file=tokens.csv', '--authorization-mode=RBAC', '--allow-privileged'],
      ...['--service-cluster-ip-range=10.96.0.0/16', '--service-account-issuer=https://kubernetes.default.svc'],
      ...['--service-account-key-file=accounts.key', '--service-account-signing-key-file=accounts.key'],
      // Nodes are ready from the start: nobody takes the taint of new ones away.
      ...['--endpoint-reconciler-type=none', '--disable-admission-plugins=TaintNodesByCondition'],
    ]);
    await this.#answers(`https://127.0.0.1:${api}/readyz`, ca);
    this.#run('kube-controller-manager', [
      ...[
        `--kubeconfig=${this.#kubeconfig}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${controllers}`,
        '--cert-dir=.',
      ],
      ...['--leader-elect=false', '--use-service-account-credentials', '--root-ca-file=ca.crt'],
      ...['--service-account-private-key-file=accounts.key', '--controllers=*,-node-lifecycle-controller'],
    ]);
    this.#run('kube-scheduler', [
      ...[`--kubeconfig=${this.#kubeconfig}`, '--bind-address=127.0.0.1', `--secure-port=${scheduler}`, '--cert-dir=.'],
      '--leader-elect=false',
    ]);
    this.#spawn('kwok', ['--manage-all-nodes=true', '--server-address=', `--kubeconfig=${this.#kubeconfig}`]);
    await this.#answers(`https://127.0.0.1:${scheduler}/readyz`);
    // The controllers make it in each namespace, and no Pod is made without.
    await this.#answers(`https://127.0.0.1:${api}/api/v1/namespaces/default/serviceaccounts/default`, ca);
  }

  async #writeFiles(api: number): Promise<{ ca: string }> {
    const { ca, server } = await makeCertificates();
    const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const files = {
      'ca.crt': ca,
      'tls.crt': server.cert,
      'tls.key': server.key,
      'accounts.key': accounts.export({ type: 'pkcs1', format: 'pem' }).toString(),
      'tokens.csv': `${this.#token},admin,admin,system:masters\n`,
      kubeconfig: stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 't', cluster: { server: `https://127.0.0.1:${api}`, 'certificate-authority': 'ca.crt' } }],
        users: [{ name: 't', user: { token: this.#token } }],
        contexts: [{ name: 't', context: { cluster: 't', user: 't' } }],
        'current-context': 't',
      }),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#directory, name), text, { mode: 0o600 });
    return { ca };
  }

  #run(part: string, args: readonly string[]): void {
    this.#spawn('cp', [part, ...args], part);
  }

  #spawn(program: string, args: readonly string[], name = program): void {
    const log = openSync(join(this.#directory, `${name}.log`), 'a');
    this.#processes.push(
      spawnBound([join(tools(), program), ...args], { cwd: this.#directory, stdio: ['ignore', log, log] }),
    );
    closeSync(log);
  }

  /** Waits until it says 200; without an authority whoever answers is believed. */
  async #answers(url: string, ca?: string): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MS;
    const headers = { authorization: `Bearer ${this.#token}` };
    const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
    for (;;) {
      const status = await getHttps(url, { headers, ...trust }).then(
        (answer) => answer.status,
        () => undefined,
      );
      if (status === 200) return;
      const died = this.#processes.some(({ exitCode }) => exitCode !== null);
      if (died || Date.now() > deadline) throw new Error(`${url} does not answer:\n${this.#logs()}`);
      await sleep(POLL_MS);
    }
  }

  #logs(): string {
    const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'];
    return names.map((name) => `${name}: ${tail(join(this.#directory, `${name}.log`))}`).join('\n');
  }
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-1000);
  } catch {
    return 'was not started';
  }
}
