/** 16-byte identifiers (boot, epoch, run, VM life), written as UUIDs in text. */
import { createHash } from 'node:crypto';

/** The identifier of nothing (RFC 9562, 5.9). */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** The life of the VM `unattributed`: calls of threads that no VM was seen to own. */
export const UNATTRIBUTED_LIFE = NIL_UUID;
/** The name under which people see those calls. */
export const UNATTRIBUTED_NAME = 'unattributed';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tells whether the text is a lower-case UUID. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** Writes sixteen bytes as text; throws RangeError on any other length. */
export function idFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`an identifier has 16 bytes, not ${bytes.length}`);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Reads what {@link idFromBytes} wrote; throws RangeError for what is no lower-case UUID. */
export function idToBytes(id: string): Uint8Array {
  if (!isId(id)) throw new RangeError(`not an identifier: ${JSON.stringify(id)}`);
  return Uint8Array.from(Buffer.from(id.replaceAll('-', ''), 'hex'));
}

/**
 * Makes an identifier that depends on nothing but the parts, so that two agents, or two replays of one recording, name
 * the same thing alike (UUID version 8 over SHA-256).
 */
export function deriveId(...parts: (string | number | bigint)[]): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify(parts.map(String)))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return idFromBytes(bytes);
}
