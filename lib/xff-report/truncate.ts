import { copyOf } from '../text/copy.js'
import type { Answer } from '../wire/field.js'

/** The longest text from a log that is kept and shown, in UTF-16 units. */
export const MAX_UNITS = 200

/** The text, cut to the bound. */
export function truncated(text: string): string {
  return text.length > MAX_UNITS ? `${copyOfBeginning(text, MAX_UNITS)}…` : text
}

/** The path of a URI as logged, without query and fragment, cut to the bound; it may be a part of that text. */
export function pathOf(uri: string): string {
  const query = uri.indexOf('?')
  const fragment = uri.indexOf('#')
  const end = query < 0 || (fragment >= 0 && fragment < query) ? fragment : query
  return truncated(end < 0 ? uri : uri.slice(0, Math.min(end, MAX_UNITS + 1)))
}

/** The answer, with each of its texts cut to the bound. */
export function truncatedAnswer({ status, method, uri }: Answer): Answer {
  return {
    ...(status === undefined ? {} : { status }),
    ...(method === undefined ? {} : { method: truncated(method) }),
    ...(uri === undefined ? {} : { uri: truncated(uri) }),
  }
}

function copyOfBeginning(text: string, length: number): string {
  return copyOf(text.slice(0, length))
}
