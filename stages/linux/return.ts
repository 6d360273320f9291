// setns(2)

/**
 * The way back from a namespace. When it is barred the process is in a place where nothing it does is what it seems: it ends at
 * once, before anything else of it runs.
 */
export function mustReturn(goBack: () => void, end: () => void = () => process.abort()): void {
  try {
    goBack();
  } catch (error) {
    // To the terminal if that may still be done; it is not worth another failure.
    try {
      process.stderr.write(`pod: go back to the host's namespaces: ${(error as Error).message}\n`);
    } finally {
      end();
    }
  }
}
