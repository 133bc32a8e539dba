/**
 * ClickHouse's Native format as clients of its protocol read it. The engine writes it as files have it: no information
 * about the block, and no word on how a column is serialized. Clients that give `client_protocol_version` (clickhouse-go,
 * and with it Grafana's data source) expect both. The data of the columns are the same, so all there is to find is where
 * each of them ends.
 */
import { Cursor } from './native-cursor.js';
import { layoutOf } from './native-types.js';

/** First revision in which a block says how each of its columns is serialized: src/Core/ProtocolDefines.h. */
export const REVISION_WITH_CUSTOM_SERIALIZATION = 54454;
/** Field 1, is_overflows: no; field 2, bucket_num: -1 (Int32); end of the fields. src/Core/BlockInfo.h */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);
/** Columns are serialized as their type has it. */
const PLAIN = Buffer.from([0]);

/** Rewrites blocks as a client of a revision from 54454 on reads them. */
export function forProtocol(bytes: Uint8Array): Buffer {
  const cursor = new Cursor(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const parts: Buffer[] = [];
  while (cursor.at < cursor.bytes.length) {
    const head = cursor.at;
    const columns = cursor.varint();
    const rows = cursor.varint();
    parts.push(BLOCK_INFO, cursor.bytes.subarray(head, cursor.at));
    for (let column = 0; column < columns; column++) {
      const begin = cursor.at;
      cursor.text();
      const type = cursor.text().toString();
      const named = cursor.bytes.subarray(begin, cursor.at);
      const data = cursor.at;
      const layout = layoutOf(type);
      if (rows > 0) {
        layout.prefix(cursor);
        layout.rows(cursor, rows);
      }
      parts.push(named, PLAIN, cursor.bytes.subarray(data, cursor.at));
    }
  }
  return Buffer.concat(parts);
}
