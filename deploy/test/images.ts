/** Builds the images of deploy/ with buildah, in a storage of their own, on bases that base.sh makes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY, has, must } from './tools.js';
import type { ProgramName } from './tools.js';

export type Architecture = 'amd64' | 'ppc64le';

/** What an image's configuration says, as buildah prints it. */
export interface ImageConfig {
  architecture: string;
  config: { User: string; Env: string[]; Entrypoint: string[]; Cmd: string[]; Labels: Record<string, string> };
}

export interface Image {
  /** Directory of its root file system. */
  root: string;
  config: ImageConfig;
}

export interface Builder {
  build(program: ProgramName, architecture: Architecture): Image;
  remove(): void;
}

const DEBIAN: Readonly<Record<Architecture, string>> = { amd64: 'amd64', ppc64le: 'ppc64el' };
const THIS_MACHINE = 'amd64';

/** Whether images can be built on this machine. */
export const canBuild = process.arch === 'x64' && process.getuid?.() === 0 && has('buildah', 'mmdebstrap', 'unshare');

export function createBuilder(): Builder {
  const storage = mkdtempSync(join(tmpdir(), 'tcewatch-images-'));
  const places = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
  const bases = new Map<Architecture, string>();

  function buildah(...args: readonly string[]): string {
    return must('buildah', [...places, ...args], { BUILDAH_ISOLATION: 'chroot' }).trim();
  }

  function provideBase(architecture: Architecture): string {
    const known = bases.get(architecture);
    if (known !== undefined) return known;
    const name = `localhost/node-${architecture}:test`;
    const container = buildah('from', '--arch', architecture, 'scratch');
    buildah('add', '--quiet', container, must('deploy/test/base.sh', [DEBIAN[architecture]]).trim(), '/');
    buildah('config', '--arch', architecture, container);
    buildah('commit', '--quiet', '--rm', container, name);
    bases.set(architecture, name);
    return name;
  }

  /** npm trusts what this machine was told to. */
  function trust(): string[] {
    const bundle = process.env['NODE_EXTRA_CA_CERTS'];
    return bundle ? ['--volume', `${bundle}:${bundle}:ro`, '--env', `NODE_EXTRA_CA_CERTS=${bundle}`] : [];
  }

  return {
    build(program, architecture) {
      const name = `localhost/tcewatch-${program}-${architecture}:test`;
      buildah(
        ...['build', '--pull-never', '--platform', `linux/${architecture}`, '--file'],
        ...[`deploy/${program}.Containerfile`, '--build-arg', `BASE=${provideBase(architecture)}`],
        // Buildah 1.28 does not know it by itself.
        ...['--build-arg', `BUILDPLATFORM=linux/${THIS_MACHINE}`],
        ...['--build-arg', `BUILD_BASE=${provideBase(THIS_MACHINE)}`, ...trust(), '--tag', name, REPOSITORY],
      );
      const { OCIv1 } = JSON.parse(buildah('inspect', '--type', 'image', name)) as { OCIv1: ImageConfig };
      const root = buildah('mount', buildah('from', '--pull-never', '--arch', architecture, name));
      return { root, config: OCIv1 };
    },
    remove() {
      buildah('rm', '--all');
      rmSync(storage, { recursive: true, force: true });
    },
  };
}
