// A thread that works on many files, from its beginning: what it finds of the outside, and the command that its words mean.
import { parseCommand } from '../command-line.ts'
import { makeExits } from '../exits.ts'
import type { Host, Input, Output } from '../host.ts'
import { makeIo } from '../io.ts'
import { type Port, refuse, serve, type Work } from './apart.ts'
import type { Start, ToThread } from './messages.ts'

/** Returns what takes the messages of the other side; `end` is called when there are no more. */
export function beginThread(start: Start, port: Port, end: () => void): (message: ToThread) => void {
  const host = hostOf(start)
  const ready = async (): Promise<Work> => {
    const { command, inv } = await parseCommand(start.words, host.env)
    const io = makeIo(host, false, inv.command.join(' '))
    return { inv, io, each: await command.each!(inv, io, start.given) }
  }
  return serve(port, ready(), () => {
    host.cleanup()
    end()
  })
}

/** Reads files and the clock, and can do nothing else: whatever asks for more leaves the file to the other thread. */
function hostOf({ facts, isTTY }: Start): Host {
  const { onCleanup, cleanup } = makeExits(refuse('signals'))
  const stdin: Input = {
    isTTY: false,
    readAll: refuse('stdin'),
    [Symbol.asyncIterator]: refuse('stdin'),
  }
  const output = (isTerminal: boolean): Output => ({
    isTTY: isTerminal,
    isPipe: false,
    columns: undefined,
    write: refuse('output'),
  })
  return {
    ...facts,
    stdin,
    stdout: output(isTTY),
    stderr: output(false),
    now: () => new Date(),
    prompt: refuse('a question'),
    withUmask: refuse('writing'),
    onSignal: refuse('signals'),
    onCleanup,
    cleanup,
    replaceProcess: undefined,
    withDumps: refuse('a program'),
    endBySignal: refuse('signals'),
    sharesTerminal: false,
    becomeUser: undefined,
    exit: refuse('an end'),
  }
}
