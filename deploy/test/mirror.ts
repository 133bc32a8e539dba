/** A mirror of Debian on loopback that may list packages which it does not have. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { must } from './tools.js';

export interface Package {
  name: string;
  version?: string;
  /** Path of the file in it, which is empty. */
  file?: string;
  /** Listed, but answered by 404. */
  absent?: boolean;
}

export interface Mirror {
  url: string;
  /** Paths of the packages that were asked for, in order. */
  asked: readonly string[];
  close(): void;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** Serves suites of packages for one architecture of Debian's; `directory` is for what it makes them in. */
export async function startMirror(
  directory: string,
  architecture: string,
  suites: Readonly<Record<string, readonly Package[]>>,
): Promise<Mirror> {
  const files = new Map<string, string | Buffer>();
  for (const [suite, packages] of Object.entries(suites)) {
    const entries = packages.map((one) => {
      const { deb, fields } = makePackage(directory, architecture, one);
      const path = `pool/${suite}/${one.name}_${one.version ?? '1'}_${architecture}.deb`;
      if (one.absent !== true) files.set(path, deb);
      return `${fields}Filename: ${path}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
    });
    const index = entries.join('\n');
    const path = `main/binary-${architecture}/Packages`;
    files.set(`dists/${suite}/${path}`, index);
    files.set(
      `dists/${suite}/Release`,
      `Suite: ${suite}\nCodename: ${suite}\nArchitectures: ${architecture}\nComponents: main\n` +
        `Date: ${new Date().toUTCString()}\nSHA256:\n ${sha256(index)} ${Buffer.byteLength(index)} ${path}\n`,
    );
  }
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url.slice(1));
    if (path.startsWith('pool/')) asked.push(path);
    const file = files.get(path);
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, asked, close };
}

function makePackage(directory: string, architecture: string, one: Package): { deb: Buffer; fields: string } {
  const tree = join(directory, 'tree', one.name, one.version ?? '1');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  if (one.file !== undefined) {
    mkdirSync(join(tree, dirname(one.file)), { recursive: true });
    writeFileSync(join(tree, one.file), '');
  }
  const fields =
    `Package: ${one.name}\nVersion: ${one.version ?? '1'}\nArchitecture: ${architecture}\n` +
    'Maintainer: nobody <nobody@example.org>\nDescription: nothing\n';
  writeFileSync(join(tree, 'DEBIAN/control'), fields);
  must('dpkg-deb', ['--root-owner-group', '--build', tree, `${tree}.deb`]);
  return { deb: readFileSync(`${tree}.deb`), fields };
}
