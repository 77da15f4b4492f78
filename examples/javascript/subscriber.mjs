// A running deadpan's stream in, what is said and how it was meant out: node subscriber.mjs [ENDPOINT] [KEYFILE]
//
// Everything that docs/protocol.md asks of a subscriber is here, and nothing else. Ctrl-C ends, and so does the end of a
// recording.
import { readFile } from 'node:fs/promises'
import { Subscriber } from 'zeromq'

const SPEC = 1
const SILENCE_MS = 10_000

/** Numbers in, losses and repetitions out: the state of one stream. */
export class Sequence {
  lost = {}
  repeated = 0
  sessions = 0
  #session = null
  #marks = new Map()
  #numbers = new Map()

  /** Whether a message is new. Counts what was lost before it. */
  isNew(message) {
    if (message.session !== this.#session) {
      // The agent was (re)started: new numbers, and a new axis of time.
      this.#session = message.session
      this.#marks.clear()
      this.#numbers.clear()
      this.sessions += 1
    }
    const revision = message.type === 'estimate' ? message.revision : 0
    const mark = `${message.seq}.${revision} ${message.published_ns}`
    if (this.#marks.get(message.type) === mark) {
      this.repeated += 1 // a last value, sent again for the sake of a newcomer
      return false
    }
    this.#marks.set(message.type, mark)
    if (revision > 0) return true // it shares its number with the first revision
    const last = this.#numbers.get(message.type)
    this.#numbers.set(message.type, message.seq)
    // A number that goes back is no loss: the fusion process alone was restarted.
    const gap = last === undefined ? 0 : Math.max(0, message.seq - last - 1)
    if (gap > 0) this.lost[message.type] = (this.lost[message.type] ?? 0) + gap
    return true
  }
}

/** A message, or null where the frames hold none that this program can read. */
export function read(frames) {
  if (frames.length !== 2) return null
  const topic = frames[0].toString()
  const spec = /^deadpan\/(\d+)\//.exec(topic)?.[1]
  if (spec !== undefined && Number(spec) !== SPEC) {
    throw new Error(`the agent speaks specification ${spec} of the stream, this program ${SPEC}: upgrade the older one`)
  }
  try {
    const message = JSON.parse(frames[1].toString())
    return topic === `deadpan/${SPEC}/${message.stream}/${message.type}` ? message : null
  } catch {
    return null
  }
}

/** A message in words; null for those that are not shown here. */
export function described(message) {
  switch (message.type) {
    case 'welcome':
      return `welcome: ${message.source}, ${message.tick_hz} estimates a second`
    case 'utterance':
      return `“${message.text}” ${sarcasm(message.sarcasm)}`
    case 'event':
      return message.name.replaceAll('_', ' ')
    case 'health':
      return message.state === 'ok' ? null : `${message.state}: ${message.reasons.join('; ')}`
    default:
      return null // estimates, transcripts, and types that are not known yet
  }
}

function sarcasm({ probability, reason }) {
  return probability === null ? `unknown (${reason})` : `${Math.round(probability * 100)} % sarcastic`
}

async function main(endpoint = 'tcp://127.0.0.1:5737', keyFile = undefined) {
  const socket = new Subscriber({
    receiveTimeout: SILENCE_MS,
    reconnectInterval: 100,
    reconnectMaxInterval: 3000,
    // The system notices a machine that vanished. ZeroMQ's own heartbeats end a process that does not keep up with reading.
    tcpKeepalive: 1,
    tcpKeepaliveIdle: 2,
    tcpKeepaliveInterval: 2,
    tcpKeepaliveCount: 2,
    tcpMaxRetransmitTimeout: 6000,
    maxMessageSize: 1 << 20,
  })
  if (keyFile !== undefined) {
    const key = JSON.parse(await readFile(keyFile, 'utf8'))
    socket.curveServerKey = key.agent_public
    socket.curvePublicKey = key.public
    socket.curveSecretKey = key.secret
  }
  socket.connect(endpoint)
  socket.subscribe('deadpan/')
  process.once('SIGINT', () => socket.close())

  const sequences = new Map()
  let messages = 0
  let unreadable = 0
  let ended = false
  while (!socket.closed && !ended) {
    let frames
    try {
      frames = await socket.receive()
    } catch (error) {
      if (socket.closed) break
      if (error.code !== 'EAGAIN') throw error
      console.error(`nothing was published at ${endpoint} for ${SILENCE_MS / 1000} s; waiting`)
      continue
    }
    const message = read(frames)
    if (message === null) {
      unreadable += 1
      continue
    }
    if (!sequences.has(message.stream)) sequences.set(message.stream, new Sequence())
    if (!sequences.get(message.stream).isNew(message)) continue
    messages += 1
    const line = described(message)
    if (line !== null) console.log(line)
    ended = message.type === 'event' && message.name === 'source_ended'
  }
  const streams = Object.fromEntries(
    [...sequences].map(([name, { lost, repeated, sessions }]) => [name, { lost, repeated, sessions }]),
  )
  console.log(JSON.stringify({ messages, unreadable, streams }))
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await main(...process.argv.slice(2))
}
