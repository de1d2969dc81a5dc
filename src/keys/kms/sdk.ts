// The packages of the AWS SDK, loaded quietly.
import { loadPackage } from '../optional.ts'

/** @throws SopsError `missing-dependency`. */
export function loadAws<T>(name: string): T {
  const loaded = loadPackage<T>(name)
  silenceUpgradeNotice(name)
  return loaded
}

/** On Node 20 the SDK would print a reminder to upgrade; users of a command line can do nothing about it in the middle of a pipe. */
function silenceUpgradeNotice(name: string): void {
  try {
    const { state } = loadPackage<{ state?: { warningEmitted: boolean } }>('@aws-sdk/core/client', name)
    if (state !== undefined) state.warningEmitted = true
  } catch {
    // Another layout of the SDK only means that the notice is shown.
  }
}
