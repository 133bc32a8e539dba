import { describe, expect, it } from 'vitest';
import { checkHeaderEvent, parseHeaderPage } from '../../../src/ring/decode/header.js';
import { LAYOUT_4K } from './encode.js';
import { WHOLE_RECORDING, fixture, recordedRing } from './recorded.js';

describe('parseHeaderPage', () => {
  it('reads pages of 64 KiB', async () => {
    const ring = await recordedRing('fallback-6.1', {
      events: 'root-healthy/sys/kernel/tracing/events',
      ...WHOLE_RECORDING,
    });
    expect(ring.layout).toEqual({
      timestampOffset: 0,
      commitOffset: 8,
      dataOffset: 16,
      dataSize: 65_520,
      size: 65_536,
    });
  });

  it('reads pages of 4 KiB', async () => {
    expect(parseHeaderPage(await fixture('header_page'))).toEqual(LAYOUT_4K);
  });

  it('reads sub-buffers of several pages', async () => {
    const text = (await fixture('header_page')).replace('size:4080', 'size:16368');
    expect(parseHeaderPage(text)).toMatchObject({ dataSize: 16_368, size: 16_384 });
  });

  it.each([
    ['a 32-bit kernel', 'commit;\toffset:8;\tsize:8', 'commit;\toffset:8;\tsize:4', 'unsupported', 2],
    ['data in the header', 'offset:16', 'offset:12', 'malformed', 4],
    ['no data at all', 'size:4080', 'size:0', 'malformed', 4],
    ['more data than a commit can count', 'size:4080', 'size:2000000000', 'malformed', 4],
    ['a line that is none', '\tfield: int overwrite', 'overwrite', 'malformed', 3],
    ['no time stamp', 'u64 timestamp', 'u64 time', 'malformed', 5],
  ])('refuses %s', async (_what, from, to, code, position) => {
    const text = (await fixture('header_page')).replace(from, to);
    expect(() => parseHeaderPage(text)).toThrow(expect.objectContaining({ name: 'RingError', code, position }));
  });
});

describe('checkHeaderEvent', () => {
  it('takes what kernels say, with or without absolute time stamps', async () => {
    const text = await fixture('header_event');
    checkHeaderEvent(text);
    checkHeaderEvent(text.replace(/\ttime_stamp.*\n/, ''));
  });

  it.each([
    ['type == 30', 'type == 29', 'unsupported', 7],
    ['27 bits', '32 bits', 'unsupported', 3],
    ['time_extend', 'time_other', 'malformed', 10],
  ])('refuses another encoding: %s as %s', async (from, to, code, position) => {
    const text = (await fixture('header_event')).replace(from, to);
    expect(() => {
      checkHeaderEvent(text);
    }).toThrow(expect.objectContaining({ name: 'RingError', code, position }));
  });
});
