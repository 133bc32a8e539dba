/** Texts that users or guests choose, made safe for terminals, logs, labels of metrics and batches. */

/** Longest name that is shown, in UTF-16 units. */
const LONGEST_NAME = 256;

/** Returns the text without control characters, and no longer than given. */
export function printable(text: string, longest = LONGEST_NAME): string {
  const cut = text.replace(/\p{Cc}/gu, '\ufffd').slice(0, longest);
  // Not half of a character that takes two units.
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
