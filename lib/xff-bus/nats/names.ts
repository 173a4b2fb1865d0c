import type { Topic } from '../broker.js'

/** What things are called on a server. Each writer has a subject of its own: who wrote something is told by it. */
export interface Names {
  stream: (topic: Topic) => string
  /** what a writer publishes to; `*` for all writers */
  subject: (topic: Topic, from: string) => string
  /** where bans are told again when they are stored; `>` for all writers */
  heard: (from: string) => string
}

const SUFFIX_LENGTH = 16
const WORDS: Readonly<Record<Topic, string>> = { requests: 'request', bans: 'ban' }

export function namesOf(fleet: string): Names {
  return {
    stream: topic => `XFF_${fleet}_${topic.toUpperCase()}`,
    subject: (topic, from) => `xff.${fleet}.${WORDS[topic]}.${from}`,
    heard: from => `xff.${fleet}.banned.${from}`,
  }
}

/** Where a user's answers go. */
export function inboxOf(name: string): string {
  return `_INBOX.${name}`
}

/** What a reader is called, of whom the servers know where it is: by the inbox of its user. */
export function consumerOf(inbox: string): string {
  return `${inbox.split('.')[1]}-${inbox.slice(-SUFFIX_LENGTH)}`
}

/** The user whose consumer it is. */
export function readerOf(consumer: string): string {
  return consumer.slice(0, -SUFFIX_LENGTH - 1)
}

/** The writer of a message, by its subject. */
export function writerOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1)
}
