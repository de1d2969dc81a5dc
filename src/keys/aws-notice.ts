// What the AWS SDK prints on its own.

/** On Node 20 it would print a reminder to upgrade; users of a command line can do nothing about it in the middle of a pipe. */
export async function silenceUpgradeNotice(): Promise<void> {
  try {
    const { state } = (await import('@aws-sdk/core/client')) as { state?: { warningEmitted: boolean } }
    if (state !== undefined) state.warningEmitted = true
  } catch {
    // Another layout of the SDK only means that the notice is shown.
  }
}
