// Silences what the AWS SDK prints on its own.

/** On Node 20 it prints a reminder to upgrade, of no use to somebody who runs a command in a pipe. */
export async function silenceUpgradeNotice(): Promise<void> {
  try {
    const { state } = await import('./sdk/notice.ts')
    state.warningEmitted = true
  } catch {
    // If the layout of the SDK changes, the notice merely appears.
  }
}
