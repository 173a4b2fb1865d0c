import type { Answer } from '../wire/record.js'

/** How much of a text from a log is kept and shown, in UTF-16 units. */
const KEPT = 200

/** The beginning of a text. */
export function brief(text: string): string {
  return text.length > KEPT ? `${beginning(text, KEPT)}…` : text
}

/** The path of a URI as logged, without the query: what is asked for, however it is asked. */
export function pathOf(uri: string): string {
  const end = uri.search(/[?#]/)
  return brief(end < 0 ? uri : beginning(uri, Math.min(end, KEPT + 1)))
}

/** What is kept of an answer. */
export function briefly({ status, method, uri }: Answer): Answer {
  return {
    ...(status === undefined ? {} : { status }),
    ...(method === undefined ? {} : { method: brief(method) }),
    ...(uri === undefined ? {} : { uri: brief(uri) }),
  }
}

/** A copy, since a slice would hold on to the whole of a long line. */
function beginning(text: string, length: number): string {
  return Buffer.from(text.slice(0, length).toWellFormed()).toString()
}
