import type { Answer } from '../wire/field.js'

/** The longest text from a log that is kept and shown, in UTF-16 units. */
const MAX_UNITS = 200

/** The text, cut to the bound. */
export function truncated(text: string): string {
  return text.length > MAX_UNITS ? `${copyOfBeginning(text, MAX_UNITS)}…` : text
}

/** The path of a URI as logged, without query and fragment, cut to the bound. */
export function pathOf(uri: string): string {
  const end = uri.search(/[?#]/)
  return truncated(end < 0 ? uri : copyOfBeginning(uri, Math.min(end, MAX_UNITS + 1)))
}

/** The answer, with each of its texts cut to the bound. */
export function truncatedAnswer({ status, method, uri }: Answer): Answer {
  return {
    ...(status === undefined ? {} : { status }),
    ...(method === undefined ? {} : { method: truncated(method) }),
    ...(uri === undefined ? {} : { uri: truncated(uri) }),
  }
}

/** A copy, since a slice would keep the whole of a long line in memory. */
function copyOfBeginning(text: string, length: number): string {
  return Buffer.from(text.slice(0, length).toWellFormed()).toString()
}
