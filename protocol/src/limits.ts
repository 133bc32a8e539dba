/** What a reader accepts, so that any bytes cost bounded time and memory. */
export interface BatchLimits {
  /** Bytes of one batch, after decompression. */
  bytes: number;
  vms: number;
  series: number;
  /** Rows of latencies. */
  latencies: number;
  /** Length of any text, in UTF-16 units. */
  text: number;
  /** Elements of any list inside a VM, and of problems and accounts. */
  list: number;
  /** Batches of one body. */
  frames: number;
}

/** A host of 2,000 VMs with 100 series and every bucket of their latencies fits in them. */
export const DEFAULT_LIMITS: Readonly<BatchLimits> = {
  bytes: 8 * 1024 * 1024,
  vms: 4096,
  series: 262_144,
  latencies: 524_288,
  text: 1024,
  list: 256,
  frames: 1024,
};

/** The largest unsigned integer of 64 bits. As a limit of memory it is what the kernel says for none. */
export const MAX_UINT64 = 2n ** 64n - 1n;
