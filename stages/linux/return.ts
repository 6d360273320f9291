// setns(2)

/**
 * Returns from a namespace. If that fails, the process must not go on in the wrong namespace: it ends at once, before any other
 * code runs.
 */
export function mustReturn(goBack: () => void, end: () => void = () => process.abort()): void {
  try {
    goBack();
  } catch (error) {
    // Writes the reason to standard error if possible; a failure here is ignored.
    try {
      process.stderr.write(`pod: go back to the host's namespaces: ${(error as Error).message}\n`);
    } finally {
      end();
    }
  }
}
