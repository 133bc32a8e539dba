import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { CommandError, ConfigError, runProgram } from '../src/index.js';

/** More than a pipe holds. */
const LONG = 4_000_000;

class BrokenDisk extends Error {}

async function run(args: readonly string[], thrown?: Error) {
  const said = { stdout: '', stderr: '' };
  const status = await runProgram(
    {
      name: 'tool',
      description: 'A tool.',
      commands: [
        () =>
          new Command('work').option('--fast', 'hurry').action(() => {
            if (thrown) throw thrown;
          }),
      ],
      foreseen: [BrokenDisk],
    },
    args,
    {
      env: {},
      stdout: { write: (text) => (said.stdout += text) },
      stderr: { write: (text) => (said.stderr += text) },
      stop: new AbortController().signal,
      version: '1.2.3',
    },
  );
  return { status, ...said };
}

describe('runProgram', () => {
  it('ends with 0 when all went well', async () => {
    expect(await run(['work'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await run(['--version'])).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it.each([
    ['a CommandError', new CommandError('too late'), 1, 'too late\n'],
    ['one with a status', new CommandError('nothing there', { status: 2 }), 2, 'nothing there\n'],
    [
      'a ConfigError',
      new ConfigError([{ path: 'a', source: 'f.yaml', message: 'is wrong' }]),
      1,
      'a: is wrong (f.yaml)\n',
    ],
    ['one that the program foresees', new BrokenDisk('the disk is broken'), 1, 'the disk is broken\n'],
  ])('says the words of %s, and ends with its status', async (_, thrown, status, stderr) => {
    expect(await run(['work'], thrown)).toEqual({ status, stdout: '', stderr });
  });

  it('does not hide a bug', async () => {
    await expect(run(['work'], new TypeError('x is undefined'))).rejects.toThrow('x is undefined');
  });

  it('says what it does not understand, once', async () => {
    const { status, stderr } = await run(['work', '--fats']);
    expect([status, stderr]).toEqual([
      1,
      "error: unknown option '--fats'\n(Did you mean --fast?)\n(add --help for what there is)\n",
    ]);
  });
});

describe('endProcess', () => {
  it('ends with the status although something still waits, and not before all is written', async () => {
    const built = new URL('../dist/index.js', import.meta.url);
    const program = `
      import { endProcess } from ${JSON.stringify(built)};
      setInterval(() => undefined, 1000);
      process.stdout.write('x'.repeat(${LONG}));
      await endProcess(process, 3);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let length = 0;
    for await (const part of child.stdout as AsyncIterable<Buffer>) length += part.length;
    expect([length, await ended]).toEqual([LONG, [3, null]]);
  });
});
