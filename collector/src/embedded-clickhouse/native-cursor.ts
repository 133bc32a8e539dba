/** Reading on in bytes of ClickHouse's Native format. */

/** Thrown for bytes that are not Native, or of a type that is not known here; the message names it. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
}

/** Reads on in bytes; throws NativeError at their end. */
export class Cursor {
  at = 0;

  constructor(readonly bytes: Buffer) {}

  skip(length: number): Buffer {
    const from = this.at;
    this.at += length;
    if (this.at > this.bytes.length) {
      throw new NativeError(`a block of the Native format ends at byte ${this.bytes.length}, not at ${this.at}`);
    }
    return this.bytes.subarray(from, this.at);
  }

  uint64(): number {
    return Number(this.skip(8).readBigUInt64LE());
  }

  varint(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.skip(1).readUInt8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): Buffer {
    return this.skip(this.varint());
  }
}
