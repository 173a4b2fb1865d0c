/** The value of a JSON text; undefined for what is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a value has members: an object, or a list. */
export function hasMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/**
 * The keys that lead to the first text of which something is true; undefined where there is none.
 * @param bounds how deep it is looked, and at how many members in all
 */
export function pathTo(
  value: unknown,
  isIt: (text: string) => boolean,
  bounds: { depth: number; members: number },
): readonly string[] | undefined {
  let left = bounds.members
  const find = (one: unknown, path: readonly string[]): readonly string[] | undefined => {
    if (typeof one === 'string') return path.length > 0 && isIt(one) ? path : undefined
    if (!hasMembers(one) || path.length === bounds.depth) return undefined
    for (const [name, member] of Object.entries(one)) {
      if (left-- <= 0) return undefined
      const found = find(member, [...path, name])
      if (found) return found
    }
    return undefined
  }
  return find(value, [])
}
