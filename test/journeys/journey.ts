// One text on its way through encryption, a few commands and decryption, with the laws held at every step.
import { openDesk } from './desk.ts'
import { agree, broken, cameBack, readOurs, stateOf } from './laws.ts'
import { mayRefuseText } from './refusals.ts'
import { readSecond } from './second-readers.ts'
import type { Step } from './steps.ts'
import { take } from './take.ts'
import { bytesOf, type Text } from './texts.ts'

/** @returns What became of it: `refused`, or how many of the commands were. */
export async function journey(text: Text, steps: readonly Step[]): Promise<string[]> {
  const desk = openDesk(text.format, text.selection)
  try {
    const plain = bytesOf(text)
    desk.write(plain)
    const { code, stderr } = await desk.run(['encrypt', '-i', ...text.selection, desk.file])
    if (code !== 0) {
      if (readSecond(text.format, plain) && !mayRefuseText(text.format, stderr, text.text))
        broken('a refusal that nothing explains', stderr)
      return ['refused']
    }
    agree(text.format, plain, await readOurs(text.format, plain))
    let state = await stateOf(desk, true)
    await cameBack(text.format, plain, state)
    const done = ['encrypted']
    for (const step of steps) {
      const next = await take(step, desk, state)
      done.push(next.what)
      if (!next.state) break
      state = next.state
    }
    return done
  } finally {
    desk.remove()
  }
}
