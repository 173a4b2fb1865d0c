/** A filter or an action as a jail calls it: `name[option=value, other="va, lue"]`. */
export interface Called {
  name: string
  options: Map<string, string>
}

const OPTIONS = /\s*([\w.-]+)=(?:"([^"]*)"|'([^']*)'|([^,\]]*))(?:,|\]\s*\[|$)/g
const CALLS = /[^[\s]+(?:\s*\[\s*(?:[\w.-]+=(?:"[^"]*"|'[^']*'|[^,\]]*)\s*(?:,|\]\s*\[)?\s*)*\])?/g

/** Reads one call; options of a form that fail2ban would refuse are left out. */
export function parseCall(text: string): Called {
  const [, name = '', inner = ''] = /^([^[]+)(?:\[([\s\S]*)\])?\s*$/.exec(text.trim()) ?? []
  const options = new Map<string, string>()
  for (const [, option = '', double, single, bare] of inner.matchAll(OPTIONS)) {
    options.set(option.toLowerCase(), (double ?? single ?? bare ?? '').trim())
  }
  return { name: name.trim(), options }
}

/** Reads a list of calls, separated by spaces and newlines. */
export function parseCalls(text: string): Called[] {
  return [...text.matchAll(CALLS)].map(([call]) => parseCall(call))
}
