/** The agent as its image, in a container on the host as the chart's DaemonSet has it. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { AgentPackage } from './agent.js';
import { readChart, volumeOf } from './chart.js';
import type { AgentOfChart, Volume } from './chart.js';
import { TOKEN } from './collector.js';
import type { Host } from './host.js';
import { runScript } from './image.js';
import { runtimeConfig } from './runtime-config.js';
import type { ImageConfig, Process } from './runtime-config.js';

const execute = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`../../deploy/test/${name}`, import.meta.url));
const CRUN = 'crun --cgroup-manager=disabled';
/** The directory of the container's files on the host, in what it shares with this machine. */
const BUNDLE = '/share/bundle';

const imageSchema = z.object({
  Docker: z.object({ config: z.object({ Entrypoint: z.array(z.string()), Env: z.array(z.string()) }) }),
});

/** Builds the image for ppc64le. Rejects with LabError. */
export async function packImage(directory: string): Promise<AgentPackage> {
  const built = join(directory, 'agent-ppc64le');
  const log = join(directory, 'image.log');
  await runScript('what images are built with could not be installed', [script('install-tools.sh')], log);
  await runScript('the image of the agent could not be built', [script('image.sh'), directory, 'agent-ppc64le'], log);
  const { Docker } = imageSchema.parse(JSON.parse(await readFile(join(built, 'image.json'), 'utf8')));
  const chart = await readChart();
  await makeMountPoints(join(built, 'root'), chart);
  const disk = join(directory, 'agent.img');
  await execute('mkfs.ext4', ['-q', '-L', 'agent', '-d', join(built, 'root'), disk, '1G']);
  return inContainer(disk, chart, Docker.config);
}

/** What an engine makes in the layer that it puts over an image. */
async function makeMountPoints(root: string, { pod }: AgentOfChart): Promise<void> {
  for (const mount of pod.containers[0].volumeMounts) {
    const volume = volumeOf(pod, mount);
    const path = join(root, mount.mountPath);
    const isFile = 'hostPath' in volume && volume.hostPath.type === 'File';
    await mkdir(isFile ? dirname(path) : path, { recursive: true });
    if (isFile) await writeFile(path, '');
  }
  for (const own of ['proc', 'sys', 'dev']) await mkdir(join(root, own), { recursive: true });
}

function sourceOf(volume: Volume): string {
  return 'hostPath' in volume ? volume.hostPath.path : `${BUNDLE}/${volume.name}`;
}

/** What the kubelet does for each volume: fills it, or sees that the host has it. */
async function provide(host: Host, volume: Volume, files: Readonly<Record<string, string>>): Promise<void> {
  const source = sourceOf(volume);
  if ('hostPath' in volume) {
    const { type } = volume.hostPath;
    if (type === 'DirectoryOrCreate') await host.run(`mkdir -p ${source}`);
    else await host.run(`test ${type === 'File' ? '-f' : '-d'} ${source}`);
    return;
  }
  const directory = join(host.share, 'bundle', volume.name);
  await mkdir(directory, { recursive: true });
  const names = 'secret' in volume ? volume.secret.items.map(({ path }) => path) : ['agent.yaml'];
  for (const name of names) await writeFile(join(directory, name), files[name] ?? '');
}

function inContainer(disk: string, chart: AgentOfChart, image: ImageConfig): AgentPackage {
  const { pod, config } = chart;
  const { args } = pod.containers[0];

  /** The runtime's command for a container named `name`, which runs to its end unless it is detached. */
  async function run(host: Host, name: string, process: Process, ...flags: string[]): Promise<string> {
    const bundle = join(host.share, 'bundle', name);
    await mkdir(bundle, { recursive: true });
    await writeFile(
      join(bundle, 'config.json'),
      JSON.stringify(runtimeConfig(pod, image, '/agent', sourceOf, process)),
    );
    return `${CRUN} run ${flags.join(' ')} --bundle ${BUNDLE}/${name} ${name}`;
  }

  return {
    disk,
    async install(host, settings) {
      // What every host has that systemd started, and the runtime looks for.
      await host.run(
        'echo 6f7a1c523d0e4b8e9a510d2f6c1e7a05 > /etc/machine-id; mount -t cgroup2 cgroup2 /sys/fs/cgroup',
      );
      const merged = { ...config, ...settings, collector: { ...config.collector, ...settings.collector } };
      const files = { 'agent.yaml': JSON.stringify(merged), token: TOKEN };
      for (const volume of pod.volumes) await provide(host, volume, files);
    },
    async start(host, log, { capabilities }) {
      const process = { args, capabilities };
      const command = await run(host, 'run', process, '--detach', '--pid-file', '/run/agent.pid');
      return host.run(`
        ${CRUN} delete --force run 2>/dev/null
        ${command} > ${log} 2>&1 || { cat ${log}; exit 1; }
        cat /run/agent.pid`);
    },
    command: (host, line, capabilities) => run(host, 'command', { args: line.split(' '), capabilities }),
  };
}
