/** Why the lab could not come to a verdict. A wrong figure is a verdict, never one of these. */
export class LabError extends Error {
  override readonly name: string = 'LabError';
}

/** The host or a guest did not come up in time: on a busy machine that happens, and is worth one more try. */
export class BootTimeout extends LabError {
  override readonly name = 'BootTimeout';
}
