/** The caller's signal ended the command before there was a pod it could be passed on to. */
export class Interrupted extends Error {
  /** What a shell shows for a program that the signal killed. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + (signal === 'SIGINT' ? 2 : 15);
  }
}
