// age plugins: recipients and identities with a program of their own that wraps and unwraps (spec/keys.md 3.7).
import type { Context } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import { withheldHint } from '../../../system/index.ts'
import { decodeBech32 } from '../bech32.ts'
import type { FileKeyRecipient } from '../format/file.ts'
import type { Stanza } from '../format/stanza.ts'
import type { Identity } from '../identity.ts'
import { isPluginName } from '../recipient.ts'
import { type Conversation, startPlugin } from './process.ts'

const empty = new Uint8Array(0)

/** Handles one stanza of the plugin: returns an answer, or undefined for an unknown stanza. */
type Handler = (stanza: Stanza) => Promise<readonly [answer: string, body?: Uint8Array]>

/** Answers the plugin until it is done. @throws Error that the plugin reports, or about what it says. */
async function serve(conversation: Conversation, handlers: Readonly<Record<string, Handler>>): Promise<void> {
  for (;;) {
    const stanza = await conversation.receive()
    const type = stanza.args[0]!
    if (type === 'done') return
    const handler = Object.hasOwn(handlers, type) ? handlers[type] : undefined
    const [answer, body] = handler ? await handler(stanza) : ['unsupported']
    conversation.send(answer.split(' '), body)
    if (type === 'error') throw new Error(text(stanza))
  }
}

/** The most characters shown of a plugin's own words. */
const MAXIMUM_TEXT = 1000

/** The plugin's words, on one line and without control characters. */
const text = (stanza: Stanza): string => shown(Buffer.from(stanza.body))

const shown = (bytes: Buffer): string =>
  bytes
    .toString('utf8', 0, 4 * MAXIMUM_TEXT)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAXIMUM_TEXT)

/** The requests common to both kinds of conversation. */
function userHandlers(name: string, ctx: Context): Readonly<Record<string, Handler>> {
  const ask = async (stanza: Stanza, secret: boolean): Promise<readonly [string, Uint8Array?]> => {
    const answer = await ctx.prompt(`${name} plugin: ${text(stanza)} `, { secret })
    return answer === undefined ? ['fail'] : ['ok', Buffer.from(answer)]
  }
  return {
    msg: async (stanza) => {
      ctx.log({ level: 'info', logger: 'AGE', message: `${name} plugin: ${text(stanza)}` })
      return ['ok']
    },
    'request-public': (stanza) => ask(stanza, false),
    'request-secret': (stanza) => ask(stanza, true),
    confirm: (stanza) => confirm(stanza, name, ctx),
    error: async () => ['ok'],
  }
}

async function confirm(stanza: Stanza, name: string, ctx: Context): Promise<readonly [string]> {
  const [, ...encoded] = stanza.args
  if (encoded.length < 1 || encoded.length > 2) throw new Error('malformed confirm stanza')
  const [yes, no] = encoded.map((choice) => shown(Buffer.from(choice, 'base64')))
  const question = `${name} plugin: ${text(stanza)}`
  if (no === undefined) {
    const answer = await ctx.prompt(`${question} (Enter: ${yes}) `)
    return [answer === undefined ? 'fail' : 'ok yes']
  }
  for (;;) {
    const answer = await ctx.prompt(`${question} (1: ${yes}, 2: ${no}) `)
    if (answer === undefined) return ['fail']
    if (answer.trim() === '1') return ['ok yes']
    if (answer.trim() === '2') return ['ok no']
  }
}

/** Runs one conversation; every error says which plugin it is about. */
async function converse<T>(
  name: string,
  mode: 'recipient-v1' | 'identity-v1',
  ctx: Context,
  talk: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  let conversation: Conversation | undefined
  try {
    conversation = await startPlugin(name, mode, ctx)
    return await talk(conversation)
  } catch (error) {
    const hint = conversation ? withheldHint(ctx.env) : ''
    throw new Error(`${name} plugin: ${messageOf(error)}${hint && ` (${hint})`}`)
  } finally {
    await conversation?.close()
  }
}

export const pluginRecipient = (
  recipient: { readonly text: string; readonly name: string },
  ctx: Context,
): FileKeyRecipient => ({
  wrapFileKey: (fileKey) =>
    converse(recipient.name, 'recipient-v1', ctx, async (conversation) => {
      conversation.send(['add-recipient', recipient.text])
      conversation.send(['wrap-file-key'], fileKey)
      conversation.send(['extension-labels'])
      conversation.send(['done'])
      const stanzas: Stanza[] = []
      let labelled = false
      await serve(conversation, {
        ...userHandlers(recipient.name, ctx),
        'recipient-stanza': async ({ args, body }) => {
          if (args.length < 3 || args[1] !== '0') throw new Error('malformed recipient stanza')
          stanzas.push({ args: args.slice(2), body })
          return ['ok']
        },
        labels: async () => {
          if (labelled) throw new Error('repeated labels stanza')
          labelled = true
          return ['ok']
        },
      })
      if (stanzas.length === 0) throw new Error('received zero recipient stanzas')
      return stanzas
    }),
})

/**
 * An identity `AGE-PLUGIN-NAME-1…`, whose plugin runs only when it is tried.
 * @throws Error that never repeats the identity
 */
export function pluginIdentity(identity: string, ctx: Context): Identity {
  const { hrp } = decodeBech32(identity)
  const name = hrp.slice('AGE-PLUGIN-'.length, -1).toLowerCase()
  if (!hrp.startsWith('AGE-PLUGIN-') || !hrp.endsWith('-') || !isPluginName(name)) {
    throw new Error('invalid plugin identity')
  }
  return {
    cost: 'plugin',
    plugin: name,
    unwrap: ({ stanzas }) =>
      converse(name, 'identity-v1', ctx, async (conversation) => {
        conversation.send(['add-identity', identity])
        for (const { args, body } of stanzas) conversation.send(['recipient-stanza', '0', ...args], body)
        conversation.send(['done'])
        let fileKey: Uint8Array | undefined
        await serve(conversation, {
          ...userHandlers(name, ctx),
          'file-key': async ({ args, body }) => {
            if (args.length !== 2 || args[1] !== '0') throw new Error('malformed file-key stanza')
            if (fileKey) throw new Error('received duplicated file-key stanza')
            if (body.length !== 16) throw new Error('file-key stanza has a key of the wrong length')
            fileKey = body
            return ['ok', empty]
          },
        })
        return fileKey
      }),
  }
}
