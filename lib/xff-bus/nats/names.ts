import type { Topic } from '../broker.js'

/** What things are called on a server. Each writer has a subject of its own: who wrote something is told by it. */
export interface Names {
  stream: (topic: Topic) => string
  /** what a writer publishes to; `*` for all writers */
  subject: (topic: Topic, from: string) => string
  /** where bans are told again when they are stored; `>` for all writers */
  heard: (from: string) => string
}

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

/** The writer of a message, by its subject. */
export function writerOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1)
}
