/** A filter or an action with its options, as a jail refers to it: `name[option=value, other="va, lue"]`. */
export interface Call {
  name: string
  options: Map<string, string>
}

const OPTIONS = /\s*([\w.-]+)=(?:"([^"]*)"|'([^']*)'|([^,\]]*))(?:,|\]\s*\[|$)/g
const CALLS = /[^[\s]+(?:\s*\[\s*(?:[\w.-]+=(?:"[^"]*"|'[^']*'|[^,\]]*)\s*(?:,|\]\s*\[)?\s*)*\])?/g

/** Reads one call; options of a form that fail2ban would refuse are left out. */
export function parseCall(text: string): Call {
  const [, name = '', inner = ''] = /^([^[]+)(?:\[([\s\S]*)\])?\s*$/.exec(text.trim()) ?? []
  const options = new Map<string, string>()
  for (const [, option = '', double, single, bare] of inner.matchAll(OPTIONS)) {
    options.set(option.toLowerCase(), (double ?? single ?? bare ?? '').trim())
  }
  return { name: name.trim(), options }
}

/** Reads a list of calls, separated by white space. */
export function parseCalls(text: string): Call[] {
  return [...text.matchAll(CALLS)].map(([call]) => parseCall(call))
}
